import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type Egress, EgressRefused } from '../egress/egress.ts';
import { ServerFailed } from './failed.ts';

/** A server as HTTP sees it. */
export type Target = {
  /** For messages to people. */
  readonly name: string;
  /** Where it is: `https://host:port`, and the rest of its URL. */
  readonly origin: string;
  readonly path: string;
  /** What its owner has it sent with every request; goes before everything else. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
};

export type HttpRequest = {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the exchange, its connection included. */
  readonly signal: AbortSignal;
  /** Milliseconds without a byte from the server after which the exchange is given up; 0 for never. */
  readonly silence: number;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Small JSON whole; everything else as it comes: whoever gets that reads it to its end, or discards the answer. */
  readonly body: Buffer | Readable;
};

/** Ends an answer that nobody reads any further. */
export function discard({ body }: HttpAnswer): void {
  if (body instanceof Readable) {
    body.destroy();
  }
}

/** Bytes of JSON that are waited for: streams cost more than they spare. */
const SMALL = 64 * 1024;

const OWN_HEADERS = { accept: 'application/json, text/event-stream', 'user-agent': 'gatehouse' };

/**
 * One HTTP exchange with a server, under the egress policy; redirects are not followed. It is tried again, once, only
 * when no connection came about, so that nothing was sent. Throws ServerFailed, or the reason of the signal.
 */
export async function exchange(egress: Egress, target: Target, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await attempt(egress, target, request);
  } catch (error) {
    if (error instanceof ServerFailed && error.kind === 'unreachable' && !(error.cause instanceof EgressRefused)) {
      return attempt(egress, target, request);
    }
    throw error;
  }
}

function attempt({ dispatcher }: Egress, target: Target, request: HttpRequest): Promise<HttpAnswer> {
  const { origin, path, headers } = target;
  const { method, body = null, signal, silence } = request;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const handler = new Exchange(target.name, request, resolve, reject);
    dispatcher.dispatch(
      {
        origin,
        path,
        method,
        headers: { ...OWN_HEADERS, ...request.headers, ...headers },
        body,
        headersTimeout: silence,
        bodyTimeout: silence,
      },
      handler,
    );
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #server: string;
  readonly #signal: AbortSignal;
  readonly #silence: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #isSent = false;
  #body: Readable | undefined;
  /** The answer while it is waited for whole. */
  #whole: { readonly status: number; readonly headers: IncomingHttpHeaders; readonly chunks: Buffer[] } | undefined;
  #stop: (() => void) | undefined;

  constructor(
    server: string,
    { signal, silence }: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#server = server;
    this.#signal = signal;
    this.#silence = silence;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#isSent = true;
    if (this.#signal.aborted) {
      controller.abort(this.#signal.reason);
      return;
    }
    // Not assigned to the field at once: V8 takes such functions for methods, and keeps all that they refer to for long.
    const stop = () => controller.abort(this.#signal.reason);
    this.#stop = stop;
    this.#signal.addEventListener('abort', stop, { once: true });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      return;
    }
    const length = Number(headers['content-length'] ?? Number.NaN);
    if (length <= SMALL && String(headers['content-type']).startsWith('application/json')) {
      this.#whole = { status, headers, chunks: [] };
      return;
    }
    this.#body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        this.#done();
        controller.abort(error ?? new Error('the answer is not wanted any more'));
        done(error);
      },
      autoDestroy: false,
    });
    this.#resolve({ status, headers, body: this.#body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#whole !== undefined) {
      this.#whole.chunks.push(chunk);
    } else if (this.#body?.push(chunk) === false) {
      controller.pause();
    }
  }

  onResponseEnd(): void {
    this.#done();
    if (this.#whole !== undefined) {
      const { status, headers, chunks } = this.#whole;
      this.#resolve({ status, headers, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) });
    }
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#done();
    const failure = this.#signal.aborted ? this.#signal.reason : this.#failureOf(error);
    if (this.#body === undefined) {
      this.#reject(failure);
    } else {
      this.#body.destroy(failure as Error);
    }
  }

  #done(): void {
    if (this.#stop !== undefined) {
      this.#signal.removeEventListener('abort', this.#stop);
      this.#stop = undefined;
    }
  }

  #failureOf(error: Error): ServerFailed {
    const server = this.#server;
    const { code } = error as { code?: unknown };
    const reason = typeof code === 'string' ? code : error.name;
    if (error instanceof EgressRefused) {
      return new ServerFailed(server, 'unreachable', `cannot be reached. ${error.message}`, error);
    }
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
      const what = `sent nothing for ${this.#silence / 1000} s; what it was asked may have been carried out.`;
      return new ServerFailed(server, 'late', what, error);
    }
    return this.#isSent
      ? new ServerFailed(server, 'broken', `broke off (${reason}); what it was asked may have been carried out.`, error)
      : new ServerFailed(server, 'unreachable', `cannot be reached (${reason}).`, error);
  }
}
