// Requests to the service that served this page, and their failures as `ApiFailure`.

const TIMEOUT_MS = 10_000;
let key = null;

/** The access key that goes with every request; null in development mode. */
export function useKey(value) {
  key = value;
}

/** `status` 0: no answer came. `code` and `message` are the service's own. */
export class ApiFailure extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const get = (path) => send("GET", path);
export const post = (path, body) => send("POST", path, body);

async function send(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json();
  } catch {
    throw new ApiFailure(response && !response.ok ? response.status : 0, "no_answer", "");
  }
  if (response.ok) return answer;
  const { code = "failed", message = "" } = answer?.error ?? {};
  throw new ApiFailure(response.status, code, message);
}

/** A name for an event that no other event has. */
export function newEventId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
