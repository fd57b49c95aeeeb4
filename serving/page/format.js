// Money, numbers, dates and days as people write them in the page's language.

import { language } from "./words.js";

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

/** `28 Februari 2024`; `moment` is a Date or ISO text. */
export function day(moment) {
  const options = { timeZone: zone, day: "numeric", month: "long", year: "numeric" };
  return new Date(moment).toLocaleDateString(locale(), options);
}

/** `23.59 WIB` */
export function clock(moment) {
  const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  return new Date(moment).toLocaleTimeString(language() === "id" ? "id-ID" : "en-ID", options);
}

/** Calendar days from `from` to `to` in the dataset's zone; 0: the same day. */
export function daysBetween(from, to) {
  return dayNumber(to) - dayNumber(from);
}

function dayNumber(moment) {
  const [year, month, date] = new Date(moment)
    .toLocaleDateString("en-CA", { timeZone: zone })
    .split("-")
    .map(Number);
  return Date.UTC(year, month - 1, date) / 86_400_000;
}
