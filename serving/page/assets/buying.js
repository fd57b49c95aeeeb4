// "Beli": what it costs and leaves, a confirmation, and what happens then.

import { closeDialog, dialogActions, openDialog, working, wrongLine } from "./dialog.js";
import { focusOn, h } from "./dom.js";
import { money } from "./format.js";
import { reload } from "./loading.js";
import { bar, INDONESIAN, refusalText, say, titled } from "./parts.js";
import { buy, pin } from "./purchases.js";
import { isTrial, state } from "./state.js";
import { t } from "./words.js";

/** Asks before it buys; `plan`: all courses of a plan whose first is bought now. */
export function buyDialog(course, plan = null) {
  const wrong = wrongLine((failure) => (failure.passes ? unsure(failure) : refusalText(failure)));
  const { price } = course;
  const go = working(t("buy_go", { price: money(price) }), t("buying"), () => bought(course, plan), wrong);
  openDialog(t("buy_title"), [
    h("p", { class: "dialog-course", ...INDONESIAN }, course.title),
    sums(price),
    plan ? h("p", { class: "note" }, t("buy_plan", { n: plan.length })) : null,
    h("p", { class: "hint" }, rule()),
    wrong,
    dialogActions(go),
  ]);
}

const unsure = ({ status }) => (status === 429 || status === 503 ? t("not_yet") : t("unsure_here"));

function sums(price) {
  const { balance } = state.person;
  if (balance === null) return h("p", { class: "price" }, money(price));
  const left = balance - price;
  const rows = [
    [t("buy_balance"), money(balance), ""],
    [t("price"), money(-price), ""],
    [t("buy_left"), money(left), "total"],
  ];
  return h("div", { class: "sums" },
    h("dl", {}, rows.map(([name, amount, kind]) => h("div", { class: kind }, h("dt", {}, name), h("dd", {}, amount)))),
    bar([{ kind: "left", amount: left }, { kind: "this", amount: price }], balance, t("bar", { spent: money(price), left: money(left) })),
  );
}

function rule() {
  if (isTrial()) return t("buy_trial");
  const { may_cancel, cancel_days: after, cancel_days_before_start: before } = state.facts;
  return may_cancel ? t("buy_cancel", { after, before }) : t("buy_final");
}

async function bought(course, plan) {
  await buy(course);
  if (plan) pin(plan);
  closeDialog();
  tell(course.title);
  if (plan) location.hash = "#rekomendasi";
  await reload();
  focusOn(document.querySelector("#view-title"));
}

/** Says what was bought and what is left. */
export function tell(title) {
  const { balance } = state.person;
  say(...(balance === null ? titled("bought_free", title) : titled("bought", title, { left: money(balance) })));
}
