// The page: draws what `state` holds, and follows the address's fragment.

import { coursesView, standing } from "./courses.js";
import { fill, focusOn, h } from "./dom.js";
import { entryView } from "./entry.js";
import { day } from "./format.js";
import { historyView } from "./history.js";
import { leave, open } from "./loading.js";
import { notices } from "./notices.js";
import { announce, failed, hush } from "./parts.js";
import { planView } from "./plan.js";
import { onChange, state } from "./state.js";
import { wallet } from "./wallet.js";
import { language, switchLanguage, t } from "./words.js";

const VIEWS = { rekomendasi: coursesView, rencana: planView, riwayat: historyView };
const main = document.querySelector("#main");
const nav = document.querySelector("#views");
const leaveButton = document.querySelector("#leave");
const languageButton = document.querySelector("#language");

function draw() {
  document.title = `${t("title")} · SaldoPas`;
  fill(document.querySelector("#notices"), notices());
  const inside = Boolean(state.who && state.person);
  nav.hidden = !inside;
  leaveButton.hidden = !state.who;
  for (const link of nav.querySelectorAll("a")) {
    if (link.hash === `#${state.view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.className = inside ? "dashboard" : "outside";
  fill(main, inside ? [wallet(), h("div", { class: "view" }, VIEWS[state.view]())] : outside());
  announce(inside && VIEWS[state.view] === coursesView ? standing() : "");
  about();
}

function outside() {
  if (state.facts && !state.who) return entryView();
  if (state.failure) return [h("h1", { id: "view-title" }, t("title")), failed(state.failure, open)];
  return h("p", { class: "waiting", role: "status" }, t("loading"));
}

function about() {
  const { facts } = state;
  if (!facts) return;
  const values = { name: facts.dataset, version: facts.model_version };
  const words = [t(facts.generated ? "about_sample" : "about", values)];
  if (facts.fixed_clock) words.push(t("about_clock", { date: day(facts.now) }));
  document.querySelector("#about").textContent = words.join(" ");
}

function speak() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  nav.setAttribute("aria-label", t("nav"));
  languageButton.textContent = t("switch");
  languageButton.lang = language() === "id" ? "en" : "id";
}

function follow() {
  const asked = location.hash.slice(1);
  if (!(asked in VIEWS) || asked === state.view) return;
  state.view = asked;
  draw();
  scrollTo(0, 0);
  focusOn(document.querySelector("#view-title"));
}

languageButton.addEventListener("click", async () => {
  await switchLanguage();
  speak();
  draw();
});
leaveButton.addEventListener("click", () => {
  leave();
  hush();
  focusOn(document.querySelector("#view-title"));
});
addEventListener("hashchange", follow);

onChange(draw);
if (location.hash.slice(1) in VIEWS) state.view = location.hash.slice(1);
speak();
draw();
open();
