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

/** In the place of what could not be loaded; may be tried again where that can help. */
export function failed(failure, retry) {
  const again = failure.passes ? button(t("retry"), "secondary", retry, { "data-key": "retry" }) : null;
  return blank(t("failed_title"), failureText(failure), again);
}

export const leftAfter = (left) => (left === 0 ? t("uses_all") : t("left_after", { left: money(left) }));

/** What a refusal or failure means for a person. */
export function failureText(failure) {
  if (failure.status === 0) return t("failed_offline");
  if (failure.status === 401) return t("bad_key");
  if (failure.status === 403) return t("error_asking");
  if (has(`error_${failure.code}`)) return t(`error_${failure.code}`);
  return failure.passes && failure.status !== 500 ? t("failed_busy") : t("failed_other");
}

/** The same of something that should have been recorded. */
export const refusalText = (failure) => (failure.status === 403 ? t("error_forbidden") : failureText(failure));

/** Properties of what shows the catalogue's own words, which are Indonesian in either language. */
export const INDONESIAN = { lang: "id" };

/** A sentence about a course; its title keeps its language. */
export function titled(key, title, values = {}) {
  const [before, after] = t(key, { ...values, title: "\n" }).split("\n");
  return [before, h("span", INDONESIAN, title), after];
}

export const reasonText = (reason) => (language() === "id" ? reason.text : reason.text_en);

/** Provider, way of teaching and days of a course, as far as the catalogue says them. */
export function metaLine(course) {
  const words = [course.provider, course.mode].filter(Boolean).join(" · ");
  const days = course.duration_days && t("days", { n: course.duration_days }).replace(" ", "\u00a0");
  if (!words) return days ? h("p", { class: "meta" }, days) : null;
  return h("p", { class: "meta" }, h("span", INDONESIAN, words), days ? ` · ${days}` : "");
}

/** Says that something was done, to screen readers and, for a while, to eyes. */
export const say = (...words) => show("check", words);

/** The same of something that was not. */
export const warn = (...words) => show("alert", words);

function show(name, words) {
  const said = document.querySelector("#said");
  said.replaceChildren(h("p", {}, icon(name), h("span", {}, words)));
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

/** Tells screen readers how things stand, always in the same element: a new one would not be read. */
export function announce(text) {
  const place = document.querySelector("#standing");
  if (place.textContent !== text) place.textContent = text;
}
