// Small things that several views are made of.

import { h, icon } from "./dom.js";
import { money } from "./format.js";
import { has, language, t } from "./words.js";

const SAID_MS = 6_000;
let quiet = 0;

/** A bar of money: each segment is { kind, amount }; `whole` is its length. */
export function bar(segments, whole, label) {
  const element = h("div", { class: "bar", role: "img", "aria-label": label });
  for (const { kind, amount } of segments) {
    const segment = h("span", { class: `seg ${kind}` });
    segment.style.inlineSize = `${whole > 0 ? Math.min(100, (100 * amount) / whole) : 0}%`;
    element.append(segment);
  }
  return element;
}

/** An empty or failed state: a title, a line, and what one may do. */
export function blank(title, text, ...actions) {
  return h("div", { class: "blank" }, h("h2", {}, title), h("p", {}, text), ...actions);
}

export function button(label, kind, onclick, more = {}) {
  return h("button", { type: "button", class: kind, onclick, ...more }, label);
}

export const leftAfter = (left) => (left === 0 ? t("uses_all") : t("left_after", { left: money(left) }));

/** What a refusal or failure means for a person. */
export function failureText(failure) {
  if (failure.status === 0) return t("failed_offline");
  if (failure.status === 403) return t("error_forbidden");
  if (failure.status === 404) return t("error_no_store");
  if (failure.passes && failure.status !== 500) return t("failed_busy");
  return has(`error_${failure.code}`) ? t(`error_${failure.code}`) : t("failed_other");
}

export const reasonText = (reason) => (language() === "id" ? reason.text : reason.text_en);

/** Provider, way of teaching and days of a course, as far as the catalogue says them. */
export function metaLine(course) {
  const parts = [course.provider, course.mode];
  if (course.duration_days) parts.push(t("days", { n: course.duration_days }).replace(" ", "\u00a0"));
  const known = parts.filter(Boolean);
  return known.length ? h("p", { class: "meta" }, known.join(" · ")) : null;
}

/** Says something to screen readers and, for a while, to eyes. */
export function say(text) {
  const said = document.querySelector("#said");
  said.replaceChildren(h("span", {}, icon("check"), text));
  said.classList.remove("shown");
  void said.offsetWidth; // starts the animation again
  said.classList.add("shown");
  clearTimeout(quiet);
  quiet = setTimeout(hush, SAID_MS);
}

/** Takes back what was said, as when somebody leaves. */
export function hush() {
  document.querySelector("#said").replaceChildren();
}
