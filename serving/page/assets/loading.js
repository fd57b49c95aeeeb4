// What is asked of the service, and in which order. Answers that are overtaken are dropped.

import { ApiFailure, get, post, useKey } from "./api.js";
import { cardOf, loadCards } from "./catalogue.js";
import { focusOn } from "./dom.js";
import { useFacts } from "./format.js";
import { asker, loadPerson } from "./person.js";
import { matches, picks } from "./picking.js";
import { forgetAll, remember } from "./session.js";
import { changed, isTrial, NO_FILTERS, state, useState } from "./state.js";

const STEP = 8; // asked for and shown at a time
const PICKED_FROM = 48;
let listAsked = 0;
let planAsked = 0;

/** The page opens. */
export async function open() {
  await guarded(async () => {
    useState(await get("/page/facts.json"));
    useFacts(state.facts);
    state.failure = null;
    if (state.who) await loadAll();
    else changed();
  });
}

/** Somebody comes in; throws where the service refuses them. */
export async function enter(who) {
  useKey(who.key ?? null);
  const before = state.who;
  state.who = who;
  try {
    if (isTrial()) await post("/page/courses", { ids: [] }); // whether its key is taken
    if (who === state.who) await loadPerson();
  } catch (failure) {
    state.who = before;
    throw failure;
  }
  if (who !== state.who) return; // they left
  remember("who", who);
  Object.assign(state, { filters: { ...NO_FILTERS }, pinned: null, pending: null, turnedAway: null, view: "rekomendasi" });
  await guarded(loadList);
}

export function leave() {
  listAsked++; // answers to whoever leaves are overtaken
  planAsked++;
  forgetAll();
  useKey(null);
  Object.assign(state, { who: null, person: null, pinned: null, pending: null, turnedAway: null, degraded: false });
  state.plan = { status: "none", alternatives: [], chosen: 0, most: state.plan.most };
  state.failure = null;
  changed();
}

/** The participant and the list; both change with a purchase. */
export async function loadAll() {
  useKey(state.who.key ?? null);
  const { who } = state;
  await loadPerson();
  if (who !== state.who) return; // they left
  planAsked++; // a plan of before is overtaken
  state.plan.status = "none";
  await loadList();
}

/** As `loadAll`, a failure becoming what is shown. */
export const reload = () => guarded(loadAll);

export const loadList = () => ask([]);

/** The next best courses, below those that are there. */
export const loadMore = () => guarded(() => ask(state.list.items));

async function ask(kept) {
  const asked = ++listAsked;
  state.list = { ...state.list, status: "loading" };
  changed();
  const n = picks() ? PICKED_FROM : STEP;
  const body = { ...asker(), n, explain: true, exclude: kept.map((item) => item.course_id) };
  if (state.filters.category) body.category = state.filters.category;
  if (state.filters.price) body.max_price = Number(state.filters.price);
  const answer = await post("/recommend", body);
  if (asked !== listAsked) return;
  await loadCards(answer.items.map((item) => item.course_id));
  if (asked !== listAsked) return;
  const { request_id } = answer;
  const found = answer.items.map((item) => ({ ...cardOf(item.course_id), ...item, title: item.title || item.course_id, request_id }));
  state.list = { status: "ready", items: [...kept, ...found.filter(matches)], more: !picks() && found.length === n };
  state.degraded = Boolean(answer.degraded);
  if (state.person.balance === null) state.person.balance = answer.balance;
  state.failure = null;
  changed();
}

/** The list with other filters. */
export const filter = () => guarded(loadList);

export async function loadPlan() {
  const asked = ++planAsked;
  state.plan = { ...state.plan, status: "loading" };
  changed();
  try {
    const answer = await post("/plan", { ...asker(), max_courses: state.plan.most });
    if (asked !== planAsked) return;
    const { request_id } = answer;
    const alternatives = answer.alternatives
      .filter((one) => one.courses.length > 0)
      .map((one) => ({ ...one, courses: one.courses.map((course) => ({ ...course, request_id })) }));
    await loadCards(alternatives.flatMap((one) => one.courses.map((course) => course.course_id)));
    if (asked !== planAsked) return;
    state.plan = { ...state.plan, status: "ready", alternatives, chosen: 0, reason: answer.reason };
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    if (asked !== planAsked) return;
    state.plan = { ...state.plan, status: "failed", failure };
  }
  changed();
}

const NO_LONGER = { 401: "bad_key", 404: "unknown_id" };

/** Back to the way in, which says why. */
function turnAway(word) {
  const form = isTrial() ? "trial-form" : "entry-form";
  leave();
  state.turnedAway = { form, word };
  changed();
  focusOn(document.querySelector(`#${form} input`));
}

async function guarded(work) {
  const { who } = state;
  try {
    await work();
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    if (who !== state.who) return; // of somebody who left
    if (failure.status in NO_LONGER) {
      turnAway(NO_LONGER[failure.status]);
      return;
    }
    state.failure = failure;
    state.list = { ...state.list, status: "failed" };
    changed();
  }
}
