import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ChunkCollector } from '../base/chunk-collector.ts';
import { isTurnOver, nextRank, nextTurn } from '../base/event-loop-turns.ts';
import { type MayBeSent, NotSent } from '../base/not-sent.ts';
import { type AnswerHeaders, ContradictingHeaders, singleHeaders } from './answer-headers.ts';
import { EgressRefused } from './egress-refused.ts';
import type { HttpAnswer, HttpFailure } from './http-answer.ts';
import { IdleTimeout, IdleWatch, type WatchedPeer } from './idle-watch.ts';

/** The shared abort reason of exchanges with a discarded answer; it is never read. */
const UNWANTED = new Error('the answer is not wanted any more');

/** The reader of a body gets its failure. Without a reader, the failure must not be an uncaught exception. */
const leaveToReader = (): void => undefined;

/** Answers of 1xx before the answer: each counts as heard, so that a flood of them would never end. */
const MAX_INTERIM_ANSWERS = 1000;
class TooManyInterim extends Error {
  override readonly name = 'TooManyInterim';
}

/** Bytes of JSON that are waited for: streams cost more than they spare. */
const SMALL_BODY_BYTES = 64 * 1024;

/** Pieces of an answer that are taken before others have their turn: a server can send as fast as it is read, byte by byte. */
const TURN_PIECES = 32;

type ExchangeOptions = {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** Tries once more; null the second time. */
  readonly retry: (() => void) | null;
  /** The owner of the exchange. */
  readonly owner: string;
  readonly mayBeSent: MayBeSent | undefined;
};

/** One attempt at an HTTP exchange: settles with the answer, its failure, or another attempt. */
export class HttpExchange implements Dispatcher.DispatchHandler, WatchedPeer {
  readonly idleTimeoutMs: number;
  #listening: IdleWatch | undefined;
  readonly #signal: AbortSignal;
  readonly #failed: (failure: HttpFailure) => Error;
  readonly #settled: ExchangeOptions;
  /** There is one as soon as a connection is: from then on, something may have been sent. */
  #controller: Dispatcher.DispatchController | undefined;
  #body: Readable | undefined;
  #interim = 0;
  /** Pieces since others had their turn, and whether they have it now. */
  #pieces = 0;
  #isWaiting = false;
  #rank: number | undefined;
  /** The answer while it is waited for whole. */
  #whole: { readonly status: number; readonly headers: AnswerHeaders; readonly pieces: ChunkCollector } | undefined;
  readonly #stop: () => void;

  constructor(
    signal: AbortSignal,
    idleTimeoutMs: number,
    failed: (failure: HttpFailure) => Error,
    settled: ExchangeOptions,
  ) {
    this.idleTimeoutMs = idleTimeoutMs;
    this.#signal = signal;
    this.#failed = failed;
    this.#settled = settled;
    // Not assigned to the field at once: V8 takes such functions for methods, and keeps all that they refer to for long.
    const stop = () =>
      this.#controller === undefined ? settled.reject(signal.reason) : this.#controller.abort(signal.reason);
    this.#stop = stop;
    signal.addEventListener('abort', stop, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) {
      controller.abort(this.#signal.reason);
    } else if (this.#settled.mayBeSent?.() === false) {
      controller.abort(new NotSent());
    } else if (this.idleTimeoutMs > 0) {
      this.#listening = new IdleWatch(this);
    }
  }

  /** A slow reader is allowed; a body without a reader counts as a silent server. */
  isPaused(): boolean {
    return this.#controller?.paused === true && this.#body?.readableDidRead === true;
  }

  giveUp(reason: IdleTimeout): void {
    this.#controller?.abort(reason);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, received: IncomingHttpHeaders): void {
    this.#listening?.noteActivity();
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM_ANSWERS) {
        controller.abort(new TooManyInterim('more interim answers than a call needs'));
      }
      return;
    }
    // What this throws, undici aborts the exchange with.
    const headers = singleHeaders(received);
    const length = Number(headers['content-length'] ?? Number.NaN);
    if (length <= SMALL_BODY_BYTES && headers['content-type']?.startsWith('application/json') === true) {
      this.#whole = { status, headers, pieces: new ChunkCollector() };
      return;
    }
    this.#body = new Readable({
      read: () => {
        if (!this.#isWaiting) {
          controller.resume();
        }
      },
      destroy: (error, done) => {
        this.#done();
        controller.abort(error ?? UNWANTED);
        done(error);
      },
      autoDestroy: false,
    }).on('error', leaveToReader);
    this.#settled.resolve({ status, headers, body: this.#body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#listening?.noteActivity();
    if (this.#whole !== undefined) {
      this.#whole.pieces.add(chunk);
    } else if (this.#body?.push(chunk) === false) {
      controller.pause();
    }
    this.#pieces += 1;
    if (this.#pieces > TURN_PIECES && !this.#isWaiting && this.#body !== undefined) {
      this.#pieces = 0;
      if (isTurnOver()) {
        this.#wait(controller, this.#body);
      }
    }
  }

  onResponseEnd(): void {
    this.#done();
    if (this.#whole !== undefined) {
      const { status, headers, pieces } = this.#whole;
      this.#settled.resolve({
        status,
        headers,
        body: pieces.bytes(),
      });
    }
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#done();
    const { reject, retry } = this.#settled;
    const failure = this.#failureOf(error);
    const isRefused = error instanceof EgressRefused;
    if (failure.kind === 'unreachable' && !isRefused && retry !== null && !this.#signal.aborted) {
      retry();
      return;
    }
    const isUnsent = error instanceof NotSent;
    const reason = this.#signal.aborted ? this.#signal.reason : isUnsent ? error : this.#failed(failure);
    if (this.#body === undefined) {
      reject(reason);
    } else {
      this.#body.destroy(reason as Error);
    }
  }

  /** Reads nothing more before it is the turn of this exchange. */
  #wait(controller: Dispatcher.DispatchController, body: Readable): void {
    this.#isWaiting = true;
    controller.pause();
    this.#rank ??= nextRank();
    void nextTurn(this.#settled.owner, this.#rank).then(() => {
      this.#isWaiting = false;
      // A full body goes on when its reader has read.
      if (!controller.aborted && body.readableLength < body.readableHighWaterMark) {
        controller.resume();
      }
    });
  }

  #done(): void {
    this.#listening?.end();
    this.#listening = undefined;
    this.#signal.removeEventListener('abort', this.#stop);
  }

  #failureOf(error: Error): HttpFailure {
    const { code } = error as { code?: unknown };
    return {
      kind: kindOf(error, this.#controller !== undefined),
      isAnswered: this.#body !== undefined || this.#whole !== undefined,
      reason: error instanceof ContradictingHeaders ? error.header : typeof code === 'string' ? code : error.name,
      cause: error,
    };
  }
}

function kindOf(error: Error, isConnected: boolean): HttpFailure['kind'] {
  if (error instanceof ContradictingHeaders) {
    return 'contradicting';
  }
  return error instanceof IdleTimeout ? 'late' : isConnected ? 'broken' : 'unreachable';
}
