// Everything that is shown, in one place; `changed()` draws it again.

import { recall } from "./session.js";

export const NO_FILTERS = { price: "", category: "", mode: "", days: "" };

export const state = {
  facts: null, // of /page/facts.json
  who: recall("who"), // { id, key } or { trial: { balance, profile, bought } }; null: nobody is in
  person: null, // see person.js
  list: { status: "loading", items: [], more: false }, // of /recommend; `more`: it may have more
  filters: { ...NO_FILTERS },
  plan: { status: "none", alternatives: [], chosen: 0, most: 8 }, // of /plan
  pinned: recall("plan"), // { courses: [{ course_id, title, price, request_id }] }
  pending: recall("pending"), // { event, title }: a purchase that was not acknowledged
  degraded: false,
  failure: null, // of the last load
  turnedAway: null, // { form, word }: why somebody who was in is not any more
  view: "rekomendasi",
};

let draw = () => {};
let loadedAt = 0;

export function onChange(drawer) {
  draw = drawer;
}

export const changed = () => draw();

/** The service's facts, and when they came: its clock goes on from there. */
export function useState(facts) {
  state.facts = facts;
  loadedAt = performance.now();
}

/** Now, by the service's clock. */
export function now() {
  return new Date(Date.parse(state.facts.now) + performance.now() - loadedAt);
}

export const isTrial = () => Boolean(state.who?.trial);
