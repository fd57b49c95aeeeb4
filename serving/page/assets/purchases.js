// Purchases and what follows them, as events. An event keeps its id until it is acknowledged.

import { ApiFailure, newEventId, post } from "./api.js";
import { reload } from "./loading.js";
import { remember } from "./session.js";
import { changed, isTrial, now, state } from "./state.js";

/** Records the purchase; `state.pending` holds it until the service says that it is stored. */
export async function buy(course) {
  if (isTrial()) {
    const bought = { ...course, at: now().toISOString(), status: "trial" };
    setTrial([...state.who.trial.bought, bought]);
    return;
  }
  const same = state.pending?.event.course_id === course.course_id;
  const event = same ? state.pending.event : newEvent("purchase", course, { price: course.price, request_id: course.request_id });
  setPending({ event, title: course.title });
  try {
    await acknowledged(event);
  } catch (failure) {
    if (!failure.passes) setPending(null); // it was refused: there is nothing to repeat
    throw failure;
  }
  setPending(null);
  showBought(course);
}

/** Sends the unconfirmed purchase again, with the same event id. */
export async function retryPending() {
  const { event, title } = state.pending;
  await buy({ course_id: event.course_id, title, price: event.price });
  return title;
}

export async function finish(course, rating) {
  await acknowledged(newEvent("finish", course, { rating }));
}

export async function cancel(course) {
  await acknowledged(newEvent("cancel", course, {}));
}

export function removeTrial(course) {
  setTrial(state.who.trial.bought.filter((one) => one.course_id !== course.course_id));
  return reload();
}

export function pin(courses) {
  state.pinned = courses && {
    courses: courses.map(({ course_id, title, price, request_id }) => ({ course_id, title, price, request_id })),
  };
  remember("plan", state.pinned);
}

function newEvent(kind, course, more) {
  return {
    event_id: newEventId(),
    kind,
    participant_id: state.who.id,
    course_id: course.course_id,
    ...more, // without a moment: the service's clock decides
  };
}

async function acknowledged(event) {
  const answer = await post("/events", { events: [event] });
  const [refused] = answer.rejected;
  if (refused) throw new ApiFailure(422, refused.error.code, refused.error.message);
}

/** At once, before the service is asked for the new list. */
function showBought(course) {
  const { person, list } = state;
  if (person.balance !== null) person.balance -= course.price;
  person.spent += course.price;
  person.history?.unshift({ ...course, at: now().toISOString(), status: "active" });
  const fits = (item) =>
    item.course_id !== course.course_id && (person.balance === null || item.price <= person.balance);
  const items = list.items.filter(fits);
  for (const item of items) {
    if (item.balance_after !== null) item.balance_after = person.balance - item.price;
  }
  state.list = { ...list, items };
  changed();
}

function setPending(pending) {
  state.pending = pending;
  remember("pending", pending);
  changed();
}

function setTrial(bought) {
  state.who = { ...state.who, trial: { ...state.who.trial, bought } };
  remember("who", state.who);
}
