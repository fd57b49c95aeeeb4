// "Rencana": several plans to choose from, and one as a sum that runs down to its leftover.

import { buyDialog } from "./buying.js";
import { cardOf } from "./catalogue.js";
import { h } from "./dom.js";
import { day, money } from "./format.js";
import { loadPlan } from "./loading.js";
import { bar, blank, button, failed, INDONESIAN, metaLine } from "./parts.js";
import { mayBuy } from "./person.js";
import { pinnedCard } from "./pinned.js";
import { changed, state } from "./state.js";
import { has, language, t } from "./words.js";

const MOST = [2, 3, 4, 5, 6, 8];
const SHADES = 4;

export function planView() {
  if (state.plan.status === "none" && state.person.balance !== null) loadPlan();
  return [
    h("header", { class: "view-head" },
      h("h1", { id: "view-title" }, t("plan_title")),
      h("p", { class: "lead" }, t("plan_lead")),
    ),
    pinnedCard(),
    state.person.balance === null ? blank(t("plan_empty"), t("plan_needs_balance")) : body(),
  ];
}

function body() {
  const { status, alternatives, chosen, failure } = state.plan;
  if (status === "failed") return failed(failure, loadPlan);
  if (status !== "ready" && !alternatives.length) {
    return h("div", { "aria-busy": "true" }, h("p", { class: "count" }, t("loading")), h("div", { class: "card skeleton tall", "aria-hidden": "true" }));
  }
  if (!alternatives.length) return blank(t("plan_empty"), why());
  return h("div", { class: "plan", "aria-busy": status === "ready" ? "false" : "true" },
    most(),
    choices(alternatives, chosen),
    ledger(alternatives[Math.min(chosen, alternatives.length - 1)]),
  );
}

function why() {
  const { reason } = state.plan;
  if (reason) return language() === "id" ? reason.text : reason.text_en;
  return t("plan_empty_text", { balance: money(state.person.balance) });
}

function most() {
  const select = h("select", { id: "plan-most", "data-key": "plan-most", onchange: (event) => {
    state.plan.most = Number(event.target.value);
    loadPlan();
  } }, MOST.map((n) => h("option", { value: String(n) }, t("count", { n }))));
  select.value = String(state.plan.most);
  return h("div", { class: "field plan-most" }, h("label", { for: "plan-most" }, t("plan_most")), select);
}

function choices(alternatives, chosen) {
  return h("fieldset", { class: "choices" },
    h("legend", { class: "unseen" }, t("plan_choose")),
    alternatives.map((one, place) => h("label", { class: "choice" },
      h("input", { type: "radio", name: "plan", value: String(place), checked: place === chosen, "data-key": `plan-${place}`, onchange: () => {
        state.plan.chosen = place;
        changed();
      } }),
      h("span", { class: "choice-name" }, nameOf(one)),
      h("span", { class: "choice-left" }, t("plan_summary", { left: money(one.leftover) })),
      h("span", { class: "meta" }, t("count", { n: one.courses.length })),
    )),
  );
}

function nameOf(alternative) {
  const names = alternative.keys.map((key) => (has(`plan_${key}`) ? t(`plan_${key}`) : key));
  return names.length === 2 ? t("plan_both", { a: names[0], b: names[1].toLocaleLowerCase(language()) }) : names[0];
}

function ledger(alternative) {
  const start = alternative.total + alternative.leftover;
  const courses = alternative.courses.map((one) => ({ ...cardOf(one.course_id), ...one, title: cardOf(one.course_id).title }));
  const segments = courses.map((one, place) => ({ kind: `part shade-${place % SHADES}`, amount: one.price }));
  return h("section", { class: "ledger", "aria-label": nameOf(alternative) },
    bar([...segments, { kind: "left", amount: alternative.leftover }], start, t("bar", { spent: money(alternative.total), left: money(alternative.leftover) })),
    h("ol", { class: "lines" },
      h("li", { class: "line start" }, h("span", {}, t("plan_start")), h("span", { class: "running" }, money(start))),
      courses.map(line),
      h("li", { class: "line end" }, h("span", {}, t("plan_left")), h("span", { class: "running" }, money(alternative.leftover))),
    ),
    button(t("plan_take"), "primary wide", () => buyDialog(courses[0], courses), { disabled: !mayBuy(), "data-key": "take" }),
  );
}

function line(course, place) {
  const days = course.finish ? h("p", { class: "meta" }, t("plan_days", { buy: day(course.buy), finish: day(course.finish) })) : null;
  return h("li", { class: "line" },
    h("span", { class: `swatch shade-${place % SHADES}`, "aria-hidden": "true" }),
    h("div", { class: "line-what" }, h("p", { class: "line-title", ...INDONESIAN }, course.title), metaLine(course), days),
    h("span", { class: "minus" }, money(-course.price)),
    h("span", { class: "running" }, money(course.balance_after)),
  );
}
