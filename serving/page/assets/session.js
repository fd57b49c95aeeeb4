// What this tab remembers until it is closed: who is in, an unconfirmed purchase, the pinned plan.

const PREFIX = "saldopas.";
const memory = new Map(); // where storage is closed

export function recall(name) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name));
  } catch {
    return memory.get(name) ?? null;
  }
}

export function remember(name, value) {
  memory.set(name, value);
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // held in memory
  }
}

export function forgetAll() {
  for (const name of ["who", "pending", "plan"]) remember(name, null);
}
