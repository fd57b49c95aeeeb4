// Course cards, asked for once each.

import { post } from "./api.js";

const MOST = 200;
const cards = new Map();

/** Makes sure that the cards of these courses are here; one that the catalogue lacks stays absent. */
export async function loadCards(ids) {
  const missing = [...new Set(ids)].filter((id) => !cards.has(id));
  for (let start = 0; start < missing.length; start += MOST) {
    const { courses } = await post("/page/courses", { ids: missing.slice(start, start + MOST) });
    for (const card of courses) cards.set(card.course_id, card);
  }
}

/** What is known of a course; its id in place of a title that is not. */
export function cardOf(id) {
  const card = cards.get(id) ?? { course_id: id };
  return { ...card, title: card.title || id };
}
