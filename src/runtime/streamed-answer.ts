import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';
import { ServerFailed } from './server-failed.ts';

/** An answer in JSON that is streamed with the id of the caller. */
export type StreamedAnswer = {
  /** Owns the answer from its first step. Throws ServerFailed, also at the end of an answer to another request. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The total number of bytes; undefined if the server has not announced it. */
  readonly length: number | undefined;
  /** Returns the number of received bytes. */
  readonly bytes: () => number;
  /** Whether the answer is a failure; undefined before its end, and for an answer to another request. */
  readonly isError: () => boolean | undefined;
};

/** Streams the answer to the request with an id of the gateway, for a caller with another id. */
export function streamAnswer(server: string, answer: HttpAnswer, own: number, id: unknown): StreamedAnswer {
  const splicer = new IdSplicer(own, id);
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const passed = splicer.take(chunk);
        if (passed === null) {
          throw unanswered(server);
        }
        yield passed;
      }
      if (splicer.isError() === undefined) {
        throw unanswered(server);
      }
    } finally {
      discard(answer);
    }
  }
  const told = answer.headers['content-length'];
  const length = told === undefined ? undefined : Number(told) + splicer.growth;
  return { chunks: chunks(), length, bytes: () => splicer.taken, isError: () => splicer.isError() };
}

/** The failure for a server that has not answered the request. */
export const unanswered = (server: string): ServerFailed =>
  new ServerFailed(server, 'broken', 'ended its answer before it had answered.');

/** The maximum number of bytes of an unfinished id that are held back; an id of the gateway is shorter. */
const MAX_ID_BYTES = 64;

/** Replaces the id of the gateway by the id of the caller, wherever it stands. */
class IdSplicer {
  readonly #own: string;
  readonly #id: Buffer;
  readonly #scanner: MessageScanner;
  readonly #messages: ScannedMessage[] = [];
  #hasId = false;
  #isRefused = false;
  /** The received bytes and the bytes that were passed on; those in between are held back. */
  #taken = 0;
  #passed = 0;
  #held: Buffer = Buffer.alloc(0);

  constructor(own: number, id: unknown) {
    this.#own = String(own);
    this.#id = Buffer.from(JSON.stringify(id));
    this.#scanner = new MessageScanner((message) => this.#messages.push(message));
  }

  get taken(): number {
    return this.#taken;
  }

  /** The number of bytes by which the answer grows. */
  get growth(): number {
    return this.#id.length - this.#own.length;
  }

  isError(): boolean | undefined {
    const [answer] = this.#messages;
    const isAnswer = this.#messages.length === 1 && answer?.method === undefined && this.#hasId && !this.#isRefused;
    return isAnswer ? answer?.isError : undefined;
  }

  /** Takes the next bytes, and returns the bytes to pass on; null if the text is no answer to the request. */
  take(chunk: Buffer): Buffer | null {
    const passed = this.#splice(chunk);
    this.#isRefused = passed === null;
    return passed;
  }

  #splice(chunk: Buffer): Buffer | null {
    this.#scanner.scan(chunk);
    this.#taken += chunk.length;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const before = this.#passed;
    const spliced: Buffer[] = [];
    let at = 0;
    const { id } = this.#scanner.current();
    if (id !== undefined && id.start >= before) {
      // An id in another notation, or a second one, would change the announced length.
      if (id.text !== this.#own || this.#hasId) {
        return null;
      }
      this.#hasId = true;
      spliced.push(bytes.subarray(0, id.start - before), this.#id);
      at = id.end - before;
    }
    this.#passed = this.#scanner.idBegun() ?? this.#taken;
    if (this.#taken - this.#passed > MAX_ID_BYTES || this.#messages.length > 1) {
      return null;
    }
    const rest = bytes.subarray(at, this.#passed - before);
    this.#held = bytes.subarray(this.#passed - before);
    return spliced.length === 0 ? rest : Buffer.concat([...spliced, rest]);
  }
}
