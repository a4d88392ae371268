import { discard, type HttpAnswer } from '../egress/send-http.ts';
import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';
import { ServerFailed } from './server-failed.ts';

/** An answer in JSON that is handed on as it comes, with the caller's id in it. */
export type StreamedAnswer = {
  /** From its first step on it owns the answer. Throws ServerFailed, also at the end of what is no answer to the request. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that there will be in all of them; undefined where the server has not said it. */
  readonly length: number | undefined;
  /** Bytes that have come. */
  readonly bytes: () => number;
  /** Whether it is a failure; undefined as long as it has not come whole, and for what is no answer. */
  readonly isError: () => boolean | undefined;
};

/** The answer to the request with an own id, for a caller with another. */
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

/** A server that has answered something else. */
export const unanswered = (server: string): ServerFailed =>
  new ServerFailed(server, 'broken', 'ended its answer before it had answered.');

/** Bytes that are held back of an id whose end has not come; an own id is shorter. */
const MAX_ID_BYTES = 64;

/** Puts the caller's id in the place of an own one, wherever that stands. */
class IdSplicer {
  readonly #own: string;
  readonly #id: Buffer;
  readonly #scanner: MessageScanner;
  readonly #messages: ScannedMessage[] = [];
  #hasId = false;
  #isRefused = false;
  /** Bytes of the text that were taken, and those that were handed on; those between them are held. */
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

  /** Bytes that the answer grows by. */
  get growth(): number {
    return this.#id.length - this.#own.length;
  }

  isError(): boolean | undefined {
    const [answer] = this.#messages;
    const isAnswer = this.#messages.length === 1 && answer?.method === undefined && this.#hasId && !this.#isRefused;
    return isAnswer ? answer?.isError : undefined;
  }

  /** Takes the next bytes, and returns those to be handed on; null where they belong to no answer to the request. */
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
      // Written in another way, or twice, it would change a length that has been told.
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
