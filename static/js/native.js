// Speaks the native API, as the person who is signed in.

const BASE = "/api/v1";
const PATIENCE = 30_000; // milliseconds

/** What to do when the session is over; the page keeps what is on it. */
export const SIGNED_OUT = "You are signed out. Sign in again in another tab, then go on here.";

/** The server's "no": what the error of the native API says. */
export class Refused extends Error {
  constructor(status, error) {
    super(error.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = error.code ?? "";
    this.field = error.field;
    this.limit = error.limit;
    this.actual = error.actual;
    this.details = error.details;
  }
}

/** There was no answer: the network is gone, or the server is. */
export class Unreachable extends Error {}

/** Whether a request may go better a moment later, as it is. */
export function isPassing(error) {
  if (error instanceof Unreachable) return true;
  if (!(error instanceof Refused)) return false;
  const codes = ["request_in_progress", "csrf_failed"];
  return error.status >= 500 || [401, 408, 425, 429].includes(error.status) || codes.includes(error.code);
}

/** An Idempotency-Key; `crypto.randomUUID` is there on secure origins only. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(36)).join("-");
}

/** The token without which a session may change nothing. */
export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/**
 * The answer to a request; raises Refused and Unreachable. `path` is below /api/v1.
 *
 * With `keepalive` a small one is still made when the page goes.
 */
export async function ask(method, path, { body, form, version, headers, signal, keepalive } = {}) {
  const sent = { Accept: "application/json", "X-CSRFToken": csrfToken(), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (version !== undefined) sent["If-Match"] = `"${version}"`;
  let answer;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: sent,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      keepalive: keepalive ?? false,
      signal: signal ?? AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("There is no connection to the server.");
  }
  if (answer.ok) return answer;
  if ([502, 503, 504].includes(answer.status)) throw new Unreachable("The server is busy.");
  const { error = {} } = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, answer.status === 401 ? { ...error, message: SIGNED_OUT } : error);
}

/** What the answer to a request says; null when it has no body. */
export async function call(method, path, options) {
  const answer = await ask(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

/** The version that an answer's ETag names. */
export function versionOf(answer) {
  return Number(answer.headers.get("ETag")?.replace(/\D/g, "")) || undefined;
}
