// Money, numbers, dates and days as people write them in the page's language.

import { language } from "./words.js";

const ISO_DAY = "2021-12-15".length;
let zone = "Asia/Jakarta";
let currency = "IDR";

/** Once, with what the service says of its dataset. */
export function useFacts(facts) {
  zone = facts.timezone;
  currency = facts.currency;
}

/** `Rp3.500.000`, in both languages. */
export function money(amount) {
  const digits = Math.abs(amount).toLocaleString("id-ID");
  const prefix = currency === "IDR" ? "Rp" : `${currency}\u00a0`;
  return `${amount < 0 ? "\u2212" : ""}${prefix}${digits}`;
}

const locale = () => (language() === "id" ? "id-ID" : "en-GB");

export const number = (value) => value.toLocaleString(locale());

/** `28 Februari 2024`; `moment` is a Date, or ISO text of a moment or of a day. */
export function day(moment) {
  const options = { day: "numeric", month: "long", year: "numeric" };
  const text = typeof moment === "string" && moment.length === ISO_DAY;
  const at = text ? new Date(`${moment}T12:00:00Z`) : new Date(moment);
  return at.toLocaleDateString(locale(), { ...options, timeZone: text ? "UTC" : zone });
}

/** The last minute of a day: `23.59 WIB`. */
export function endOfDay() {
  const parts = new Intl.DateTimeFormat("id-ID", { timeZone: zone, timeZoneName: "short" });
  const { value } = parts.formatToParts(new Date()).find((part) => part.type === "timeZoneName");
  return `23${language() === "id" ? "." : ":"}59\u00a0${value}`;
}

/** Calendar days from `from` to `to` in the dataset's zone; 0: the same day. Either as for `day`. */
export function daysBetween(from, to) {
  return dayNumber(to) - dayNumber(from);
}

function dayNumber(moment) {
  const text = typeof moment === "string" && moment.length === ISO_DAY;
  const iso = text ? moment : new Date(moment).toLocaleDateString("en-CA", { timeZone: zone });
  const [year, month, date] = iso.split("-").map(Number);
  return Date.UTC(year, month - 1, date) / 86_400_000;
}
