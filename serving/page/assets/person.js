// The participant as the page shows them: from the service, or from what a visitor typed in.

import { get } from "./api.js";
import { cardOf, loadCards } from "./catalogue.js";
import { daysBetween } from "./format.js";
import { isTrial, now, state } from "./state.js";

const UNSEEN = { balance: null, grant: null, spent: 0, history: null, deadlines: [], optedOut: false };

/** Asks the service, or adds up the trial. Throws `ApiFailure`. */
export async function loadPerson() {
  const { who } = state;
  const person = isTrial() ? fromTrial(who.trial) : await fromService(who.id);
  if (who === state.who) state.person = person; // else they left meanwhile
}

async function fromService(id) {
  let answer;
  try {
    answer = await get(`/participants/${encodeURIComponent(id)}`);
  } catch (failure) {
    if (failure.status === 403) return { ...UNSEEN, unseen: "key" };
    if (failure.status !== 503) throw failure;
    return { ...(state.person ?? UNSEEN), unseen: "down" }; // as they were, if that is known
  }
  await loadCards(answer.history.map((one) => one.course_id));
  const history = answer.history.map((one) => ({ ...cardOf(one.course_id), ...known(one) })).reverse();
  return {
    balance: answer.balance,
    grant: answer.grant ?? state.facts.grant,
    spent: sum(history),
    history,
    deadlines: deadlinesOf(answer.deadlines),
    optedOut: answer.opted_out,
  };
}

function known(one) {
  const { purchased_at: at, price_paid: price, status, rating, cancel_until: cancelUntil } = one;
  return { at, price, status, rating, cancelUntil };
}

function deadlinesOf(deadlines) {
  return ["first_purchase", "next_purchase", "last_spending_day"]
    .filter((kind) => deadlines[kind])
    .map((kind) => ({ kind, on: deadlines[kind] }));
}

function fromTrial({ balance, bought }) {
  const spent = sum(bought);
  return {
    balance: balance - spent,
    grant: balance,
    spent,
    history: [...bought].reverse(),
    deadlines: [],
    optedOut: false,
  };
}

const sum = (history) =>
  history.reduce((total, one) => total + (one.status === "cancelled" ? 0 : one.price), 0);

/** Who asks, as the body of /recommend and /plan says it. */
export function asker() {
  const { balance, history, unseen } = state.person;
  const purchased = (history ?? []).map((one) => one.course_id).reverse();
  if (isTrial()) return { balance, purchased, profile: state.who.trial.profile };
  const asked = { participant_id: state.who.id };
  return unseen === "down" && history ? { ...asked, balance, purchased } : asked;
}

/** The training that must be finished before the next purchase; null where there is none. */
export function underWay() {
  if (!state.facts.one_at_a_time || isTrial()) return null;
  return state.person?.history?.find((one) => one.status === "active") ?? null;
}

/** The deadline that has passed; null where one may still buy. */
export function passed() {
  return state.person?.deadlines.find((one) => daysBetween(now(), one.on) < 0) ?? null;
}

/** Whether a purchase can succeed at all at the moment. */
export const mayBuy = () => isTrial() || (state.facts.records && !passed() && !underWay());
