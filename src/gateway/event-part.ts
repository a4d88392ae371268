import { type IncomingMessage, ServerResponse } from 'node:http';
import { beginEvents, EVENT_STREAM, inOneLine } from './reply.ts';

/**
 * The answer to one message in a stream of events that holds more than it: a batch, or what a client is told while its
 * call is held. It passes events on unchanged, and turns JSON into one event. It drops its own status and headers,
 * because the whole answer has them; its end does not end the whole. Dispose of it afterwards.
 */
export class EventPart extends ServerResponse {
  readonly #whole: ServerResponse;
  readonly #drain = (): void => void this.emit('drain');
  readonly #close = (): void => {
    this.destroyed = true;
    this.emit('close');
  };
  #isBegun = false;
  #isEnded = false;
  #isMute = false;

  constructor(request: IncomingMessage, whole: ServerResponse) {
    super(request);
    this.#whole = whole;
    this.setHeader('Content-Type', 'application/json');
    whole.on('drain', this.#drain).on('close', this.#close);
  }

  /** Drops whatever is answered. */
  mute(): void {
    this.#isMute = true;
  }

  /** Whether the whole answer to the message was written. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  [Symbol.dispose](): void {
    this.#whole.off('drain', this.#drain).off('close', this.#close);
  }

  override write(chunk: string | Uint8Array): boolean {
    this.#beginHead();
    if (this.#isMute) {
      return true;
    }
    if (!this.#whole.headersSent) {
      beginEvents(this.#whole);
    }
    if (this.#areEvents()) {
      return this.#whole.write(chunk);
    }
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#whole.write('event: message\ndata: ');
    }
    return this.#whole.write(inOneLine(Buffer.from(chunk)));
  }

  override end(chunk?: unknown): this {
    this.#isEnded = true;
    this.#beginHead();
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) {
      this.write(chunk);
    }
    if (this.#isBegun) {
      this.#whole.write('\n\n');
    }
    return this;
  }

  /** Drops the head of a part. */
  override flushHeaders(): void {
    this.#beginHead();
  }

  override destroy(error?: Error): this {
    this.#whole.destroy(error);
    return this;
  }

  #areEvents(): boolean {
    return this.getHeader('content-type') === EVENT_STREAM;
  }

  #beginHead(): void {
    if (!this.headersSent) {
      this.writeHead(this.statusCode);
    }
  }
}
