import { type HeldMemory, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import { MAX_UNPACKED_RATIO, UnpackFailed, unpack } from '../base/unpack.ts';
import { type Egress, EgressRefused } from '../egress/egress.ts';
import { discard, type HttpFailure, type HttpAnswer as Incoming } from '../egress/http-answer.ts';
import { sendHttp } from '../egress/send-http.ts';
import { CallFailed } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './types.ts';

/** The time and size limits of one request. */
export type SendLimits = {
  /** Ends the request, and the answer while it is read. */
  readonly signal: AbortSignal;
  /** The maximum of the answer's body, as received and decompressed. */
  readonly maxBytes: number;
  /** Holds the memory of the answer beyond 16 KiB; null if the answer is always small. */
  readonly held: HeldMemory | null;
  /** Called immediately before the request is written to its connection. */
  readonly mayBeSent?: MayBeSent | undefined;
};

/** Headers of every request. They name only the media types and codings that we can read. */
const HEADERS = {
  accept: 'application/json, */*;q=0.8',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'gatehouse',
};

/**
 * Sends a request under the egress policy and reads the complete answer. Follows no redirects. Retries once, only if no
 * connection was made, so that nothing was sent. Throws EgressRefused, CallFailed, OverBudget, NotSent, or the reason
 * of the signal.
 */
export async function send(
  egress: Egress,
  { url: address, method, headers, body }: HttpRequest,
  limits: SendLimits,
): Promise<HttpAnswer> {
  const url = new URL(address);
  egress.check(url);
  if (!/^https?:$/.test(url.protocol)) {
    throw new CallFailed(`Tools are called over http and https only, not ${url.protocol}`, { isUnsent: true });
  }
  const { origin, pathname, search, host } = url;
  const answer = await sendHttp(
    egress,
    // The signal knows when it has taken too long: a limit of silence would end longer calls.
    {
      origin,
      path: pathname + search,
      method,
      headers: { ...HEADERS, ...headers },
      body,
      signal: limits.signal,
      idleTimeoutMs: 0,
      mayBeSent: limits.mayBeSent,
    },
    (failure) => callFailed(host, failure),
  );
  try {
    return { status: answer.status, headers: answer.headers, bytes: await bytesOf(answer, host, limits) };
  } finally {
    discard(answer);
  }
}

function callFailed(host: string, { kind, isAnswered, reason, cause }: HttpFailure): Error {
  if (cause instanceof EgressRefused) {
    return cause;
  }
  if (kind === 'unreachable') {
    return new CallFailed(`${host} cannot be reached (${reason}).`, { cause, isUnsent: true });
  }
  if (kind === 'contradicting') {
    return new CallFailed(
      `${host} answered with two ${reason} headers that differ; the call may have been carried out.`,
      {
        cause,
      },
    );
  }
  const what = isAnswered ? 'broke off its answer' : 'broke off before it answered';
  return new CallFailed(`${host} ${what} (${reason}); the call may have been carried out.`, { cause });
}

async function bytesOf(
  { headers, body }: Incoming,
  host: string,
  { signal, maxBytes, held }: SendLimits,
): Promise<Buffer> {
  const room = (bytes: number) => (bytes > SMALL_BYTES ? held?.waitToResize(bytes, signal) : undefined);
  try {
    // Whatever ends the reading ends the connection.
    return await unpack(body, headers['content-encoding'], maxBytes, room);
  } catch (error) {
    throw error instanceof UnpackFailed ? new CallFailed(`${host} answered ${refusal(error.kind, maxBytes)}`) : error;
  }
}

function refusal(kind: UnpackFailed['kind'], maxBytes: number): string {
  switch (kind) {
    case 'large':
      return `more than ${maxBytes} bytes; the call was carried out, its answer is not read.`;
    case 'dense':
      return `what unpacks to more than ${MAX_UNPACKED_RATIO} times its size; the call was carried out, its answer is not read.`;
    default:
      return 'in a Content-Encoding that cannot be read; the call was carried out.';
  }
}
