// "Pelatihan Saya": what was bought, how it stands, and what may be done with it.

import { closeDialog, dialogActions, openDialog, working, wrongLine } from "./dialog.js";
import { focusOn, h } from "./dom.js";
import { day, daysBetween, money, number } from "./format.js";
import { reload } from "./loading.js";
import { blank, button, INDONESIAN, metaLine, refusalText, say, titled } from "./parts.js";
import { cancel, finish, removeTrial } from "./purchases.js";
import { isTrial, now, state } from "./state.js";
import { t } from "./words.js";

const STARS = [1, 2, 3, 4, 5];

export function historyView() {
  const { history, spent } = state.person;
  return [
    h("header", { class: "view-head" },
      h("h1", { id: "view-title" }, t("history_title")),
      history?.length ? h("p", { class: "lead" }, t("history_lead", { n: history.length, spent: money(spent) })) : null,
    ),
    history === null
      ? unseen()
      : history.length
        ? h("ol", { class: "history" }, history.map(bought))
        : blank(t("history_empty"), t("history_empty_text"), h("a", { class: "secondary", href: "#rekomendasi" }, t("to_courses"))),
  ];
}

function unseen() {
  if (state.person.unseen === "key") return blank(t("history_hidden"), t("history_hidden_text"));
  return blank(t("failed_title"), t("failed_busy"), button(t("retry"), "secondary", reload, { "data-key": "retry" }));
}

function bought(one) {
  const cancelled = one.status === "cancelled";
  return h("li", { class: cancelled ? "bought off" : "bought" },
    h("div", { class: "bought-what" },
      isTrial() ? null : h("span", { class: `chip status-${one.status}` }, t(`status_${one.status}`)),
      h("h2", INDONESIAN, one.title),
      metaLine(one),
      h("p", { class: "meta" }, t("bought_on", { date: day(one.at) }), one.rating ? ` · ${t("rated", { n: number(one.rating) })}` : ""),
    ),
    h("p", { class: "price" }, money(one.price)),
    actions(one),
  );
}

function actions(one) {
  const { title, course_id: id } = one;
  if (isTrial()) {
    return h("div", { class: "actions" }, button(t("remove"), "quiet", () => removeTrial(one), { "aria-label": t("remove_label", { title }) }));
  }
  if (one.status !== "active") return null;
  return h("div", { class: "actions" },
    mayCancel(one) ? button(t("cancel"), "quiet danger", () => cancelDialog(one), { "aria-label": t("cancel_label", { title }), "data-key": `cancel-${id}` }) : null,
    button(t("review"), "secondary", () => reviewDialog(one), { "aria-label": t("review_label", { title }), "data-key": `review-${id}` }),
  );
}

const mayCancel = (one) => one.cancelUntil && daysBetween(now(), one.cancelUntil) >= 0;

function cancelDialog(one) {
  const wrong = wrongLine(refusalText);
  const go = working(t("cancel_go"), t("sending"), async () => {
    await cancel(one);
    await done();
    say(...titled("cancelled", one.title, { left: money(state.person.balance ?? 0) }));
  }, wrong);
  go.classList.add("danger");
  openDialog(t("cancel_title"), [
    h("p", { class: "dialog-course", ...INDONESIAN }, one.title),
    h("p", {}, t("cancel_lead", { price: money(one.price) })),
    wrong,
    dialogActions(go),
  ]);
}

export function reviewDialog(one) {
  const wrong = wrongLine(refusalText);
  const stars = h("fieldset", { class: "stars" },
    h("legend", {}, t("review_stars")),
    STARS.map((n) => h("label", {},
      h("input", { type: "radio", name: "stars", value: String(n), checked: n === 5 }),
      h("span", { "aria-hidden": "true" }, String(n)),
      h("span", { class: "unseen" }, t("star", { n })),
    )),
  );
  const go = working(t("review_go"), t("sending"), async () => {
    await finish(one, Number(stars.querySelector(":checked").value));
    await done();
    say(...titled("reviewed", one.title));
  }, wrong);
  openDialog(t("review_title"), [
    h("p", { class: "dialog-course", ...INDONESIAN }, one.title),
    h("p", { class: "hint" }, t("review_lead")),
    stars,
    wrong,
    dialogActions(go),
  ]);
}

async function done() {
  closeDialog();
  await reload();
  focusOn(document.querySelector("#view-title"));
}
