// The balance card: what is left, as a number and a bar, and until when.

import { h, icon } from "./dom.js";
import { day, daysBetween, endOfDay, money } from "./format.js";
import { bar } from "./parts.js";
import { now, state } from "./state.js";
import { t } from "./words.js";

const SOON = 14;
const URGENT = 4;

export function wallet() {
  const { balance, grant, spent, deadlines } = state.person;
  const known = balance !== null;
  const counted = known && grant !== null; // else nobody knows what was spent
  const whole = counted ? Math.max(grant, balance + spent) : 0;
  return h("section", { class: "wallet", "aria-labelledby": "wallet-title" },
    h("div", { class: "wallet-card" },
      h("h2", { id: "wallet-title" }, t("balance")),
      h("p", { class: "amount", id: "amount" }, known ? money(balance) : unknown()),
      counted ? moneyBar(balance, whole) : null,
      counted ? h("p", { class: "wallet-note", id: "wallet-note" }, spentText(whole, balance)) : null,
    ),
    deadlines.length ? deadlineList(deadlines) : null,
  );
}

const unknown = () => (state.person.unseen ? t("unknown") : t("no_limit"));

function moneyBar(balance, whole) {
  const segments = [
    { kind: "spent", amount: whole - balance },
    { kind: "left", amount: balance },
    { kind: "this", amount: 0 },
  ];
  const label = t("bar", { spent: money(whole - balance), left: money(balance) });
  return h("div", { id: "wallet-bar", "data-whole": whole }, bar(segments, whole, label));
}

const spentText = (whole, balance) =>
  whole > balance ? t("spent", { spent: money(whole - balance), grant: money(whole) }) : t("unspent");

/** Shows on the card's bar what a course would take; null: as it is. */
export function preview(course) {
  const place = document.querySelector("#wallet-bar");
  const note = document.querySelector("#wallet-note");
  if (!place) return;
  const { balance } = state.person;
  const whole = Number(place.dataset.whole);
  const price = course ? Math.min(course.price, balance) : 0;
  const width = (amount) => `${whole > 0 ? (100 * amount) / whole : 0}%`;
  place.querySelector(".left").style.inlineSize = width(balance - price);
  place.querySelector(".this").style.inlineSize = width(price);
  note.textContent = course
    ? t("after_this", { left: money(balance - price) })
    : spentText(whole, balance);
}

function deadlineList(deadlines) {
  return h("div", { class: "deadlines" },
    h("h3", {}, t("deadlines")),
    h("ul", {}, deadlines.map(deadline)),
    h("p", { class: "hint" }, t("back_to_state")),
  );
}

function deadline({ kind, on }) {
  const left = daysBetween(now(), on);
  const over = left < 0;
  const urgency = over || left <= URGENT ? "urgent" : left <= SOON ? "soon" : "calm";
  const word = over ? t("days_over") : left === 0 ? t("days_left_0") : t("days_left", { n: left });
  return h("li", { class: urgency },
    icon(urgency === "urgent" ? "alert" : "clock"),
    h("div", {},
      h("p", { class: "deadline-what" }, t(kind)),
      h("p", { class: "deadline-when" }, t("until", { date: day(on), time: endOfDay() })),
    ),
    h("span", { class: "chip" }, word),
  );
}
