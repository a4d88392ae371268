/** Statuses that may be gone a moment later (RFC 9110, section 15.6; RFC 6585, section 4). */
const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504];
/** Methods that change nothing, so that a request can be sent again (RFC 9110, section 9.2.1). */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
/** The first wait where the server names none; each further one is twice as long. */
const FIRST_WAIT_MS = 250;
/** A server that asks for a longer wait than this is not waited for. */
const MAX_WAIT_MS = 60_000;

/** What sends a request: `fetch`, or what stands in its place. */
export type Send = (request: Request, init?: RequestInit) => Promise<Response>;

/**
 * Returns a `fetch` that sends a safe request again, at most `retries` times: when it gets no answer, and when the answer
 * is a 429, 502, 503 or 504. It waits as long as `Retry-After` says, in seconds or until a date. The answer that then
 * remains, or the failure, is passed on.
 */
export function retrySafe(send: Send, retries: number): Send {
  return async (request, init) => {
    for (let retry = 0; ; retry++) {
      const mayRetry = retry < retries && SAFE_METHODS.includes(request.method);
      const response = await send(request, init).catch((error: unknown) => {
        if (!mayRetry || request.signal.aborted) {
          throw error;
        }
        return null;
      });
      const waitMs = response === null ? ownWait(retry) : waitAfter(response, retry);
      if (response !== null && (!mayRetry || waitMs === null)) {
        return response;
      }
      await response?.body?.cancel();
      await wait(waitMs ?? 0, request.signal);
    }
  };
}

/** Milliseconds until a request may be sent again; null if its answer is final. */
function waitAfter(response: Response, retry: number): number | null {
  if (!PASSING_STATUSES.includes(response.status)) {
    return null;
  }
  const asked = response.headers.get('Retry-After');
  if (asked === null) {
    return ownWait(retry);
  }
  const askedMs = /^\d+$/.test(asked) ? 1000 * Number(asked) : Date.parse(asked) - Date.now();
  return Number.isNaN(askedMs) ? ownWait(retry) : askedMs > MAX_WAIT_MS ? null : Math.max(0, askedMs);
}

/** Clients that were refused together do not come back together. */
const ownWait = (retry: number): number => FIRST_WAIT_MS * 2 ** retry * (0.5 + Math.random() / 2);

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
