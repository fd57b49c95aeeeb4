// The two filters that the service does not know: the page picks from what it was given.

import { state } from "./state.js";

export const DAYS = { 3: [0, 3], 7: [4, 7], more: [8, Infinity] };

export const picks = () => Boolean(state.filters.mode || state.filters.days);

export function matches(item) {
  const { mode, days } = state.filters;
  if (mode && item.mode !== mode) return false;
  if (!days) return true;
  const [least, most] = DAYS[days];
  return item.duration_days != null && item.duration_days >= least && item.duration_days <= most;
}
