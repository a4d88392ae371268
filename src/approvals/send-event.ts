import { Webhook as Signer } from 'standardwebhooks';
import { EgressRefused } from '../egress/egress.ts';
import { discard, type HttpFailure } from '../egress/http-answer.ts';
import { type OwnedDispatcher, sendHttp } from '../egress/send-http.ts';
import type { Receiver } from '../store/webhooks.ts';

/** The answer of a receiver; `error` is for the organization, and null if the event is delivered. */
export type Answer = { readonly status: number | null; readonly error: string | null };

/** One try to deliver an event. */
export type Try = {
  readonly way: OwnedDispatcher;
  readonly receiver: Receiver;
  readonly eventId: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly timeoutMs: number;
  /** Ends the try without a result. */
  readonly signal: AbortSignal;
};

/**
 * Posts an event, signed as Standard Webhooks says with every secret of the webhook. Only an answer of 2xx in time
 * is a delivery; redirects are not followed. Throws the reason of the signal.
 */
export async function sendEvent({ way, receiver, eventId, body, at, timeoutMs, signal }: Try): Promise<Answer> {
  const { origin, pathname, search } = new URL(receiver.url);
  const deadline = AbortSignal.timeout(timeoutMs);
  const request = {
    origin,
    path: pathname + search,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'gatehouse',
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': receiver.secrets
        .map((secret) => new Signer(secret).sign(eventId, new Date(at), body))
        .join(' '),
    },
    body,
    signal: AbortSignal.any([deadline, signal]),
    idleTimeoutMs: 0,
  } as const;
  try {
    const answer = await sendHttp(way, request, (failure) => new Unsent(failure));
    discard(answer);
    return { status: answer.status, error: errorOf(answer.status) };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) {
      return { status: null, error: `The receiver did not answer within ${timeoutMs / 1000} seconds.` };
    }
    if (error instanceof Unsent) {
      return { status: null, error: error.message };
    }
    throw error;
  }
}

class Unsent extends Error {
  override readonly name = 'Unsent';

  constructor(failure: HttpFailure) {
    super(failure.cause instanceof EgressRefused ? failure.cause.message : reasonOf(failure), { cause: failure.cause });
  }
}

function reasonOf({ kind, isAnswered, reason }: HttpFailure): string {
  switch (kind) {
    case 'unreachable':
      return `The receiver cannot be reached (${reason}).`;
    case 'contradicting':
      return `The receiver answered with two ${reason} headers that differ.`;
    default:
      return `The receiver broke off ${isAnswered ? 'its answer' : 'before it answered'} (${reason}).`;
  }
}

function errorOf(status: number): string | null {
  if (status >= 200 && status <= 299) {
    return null;
  }
  return status >= 300 && status <= 399
    ? `The receiver answered ${status}. Redirects are not followed: give the webhook the URL that it leads to.`
    : `The receiver answered ${status}.`;
}
