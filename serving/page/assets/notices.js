// What concerns the whole page: an unconfirmed purchase, missing data, a trial.

import { ApiFailure } from "./api.js";
import { tell } from "./buying.js";
import { h, icon } from "./dom.js";
import { reload } from "./loading.js";
import { button, refusalText, titled, warn } from "./parts.js";
import { retryPending } from "./purchases.js";
import { changed, isTrial, state } from "./state.js";
import { t } from "./words.js";

export function notices() {
  if (!state.who) return [];
  return [
    state.pending ? notice("alert", titled("unsure", state.pending.title), button(t("retry"), "secondary", again, { "data-key": "again" })) : null,
    state.degraded || state.person?.unseen === "down" ? notice("alert", t("degraded")) : null,
    state.person?.optedOut ? notice("people", t("opted_out")) : null,
    state.person?.unseen === "key" ? notice("alert", t("weak_key")) : null,
    isTrial() ? notice("clock", t("trial_mode")) : null,
  ];
}

function notice(name, text, ...actions) {
  return h("div", { class: "notice" }, icon(name), h("p", {}, text), ...actions);
}

async function again() {
  try {
    const title = await retryPending();
    tell(title);
    await reload();
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    warn(refusalText(failure));
    changed();
  }
}
