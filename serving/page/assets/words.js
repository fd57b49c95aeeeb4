// The page's words: Indonesian, and English by the switch, which is remembered.

import { words as indonesian } from "./words_id.js";

const KEY = "saldopas.language";
let chosen = remembered();
let english = chosen === "en" ? await loaded() : null;

export const language = () => chosen;

/** Words for `key`, with `{name}` replaced; a count of 1 takes `key_one` where there is one. */
export function t(key, values = {}) {
  const words = chosen === "id" ? indonesian : english;
  const one = values.n === 1 ? words[`${key}_one`] : undefined;
  return (one ?? words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Whether there are words for `key`. */
export const has = (key) => key in indonesian;

/** The other language, from the next `t` on. */
export async function switchLanguage() {
  english ??= await loaded();
  chosen = chosen === "id" ? "en" : "id";
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // storage is closed: the choice holds until the page is left
  }
}

/** Asked for only where it is read. */
async function loaded() {
  return (await import("./words_en.js")).words;
}

function remembered() {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "id";
  } catch {
    return "id";
  }
}
