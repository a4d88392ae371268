import type { Dispatcher } from 'undici';
import type { MayBeSent } from '../base/not-sent.ts';
import type { HttpAnswer, HttpFailure } from './http-answer.ts';
import { HttpExchange } from './http-exchange.ts';

/** The dispatcher for requests, and its owner: answers of different owners take turns. */
export type OwnedDispatcher = { readonly dispatcher: Dispatcher; readonly owner: string };

/** One HTTP request, ready to send. */
export type HttpRequest = {
  /** `https://host:port`, and the rest of the URL. */
  readonly origin: string;
  readonly path: string;
  readonly method: Dispatcher.HttpMethod;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  /** Ends the exchange, its connection included. */
  readonly signal: AbortSignal;
  /**
   * Milliseconds without a byte of the answer, rounded to half seconds, after which the exchange is given up; 0 for
   * never.
   */
  readonly idleTimeoutMs: number;
  /** Called when a connection is open, immediately before the request is written to it. */
  readonly mayBeSent?: MayBeSent | undefined;
};

/**
 * Performs one HTTP exchange under the egress policy, without redirects. Retries once, only if no connection was made,
 * so that nothing was sent. Throws the result of `failed` for a failure, also from the body; the reason of the signal;
 * or NotSent.
 */
export function sendHttp(
  { dispatcher, owner }: OwnedDispatcher,
  request: HttpRequest,
  failed: (failure: HttpFailure) => Error,
): Promise<HttpAnswer> {
  const { origin, path, method, headers, body, signal, idleTimeoutMs, mayBeSent } = request;
  const options = { origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 };
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const attempt = (retry: (() => void) | null): void => {
      dispatcher.dispatch(
        options,
        new HttpExchange(signal, idleTimeoutMs, failed, { resolve, reject, retry, owner, mayBeSent }),
      );
    };
    attempt(() => attempt(null));
  });
}
