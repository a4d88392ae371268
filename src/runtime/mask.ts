import { LRUCache } from 'lru-cache';
import { createYielding } from '../base/event-loop-turns.ts';
import { isObject } from '../base/json.ts';
import { SecretSearch, type Wanted } from '../redaction/secret-search.ts';
import { isNameOfSecret, secretValues, sentIn } from '../redaction/secret-values.ts';
import type { Target } from './target.ts';

/** Bytes of a message that is waited for whole, to know what it is. */
const MAX_WAITING_BYTES = 64 * 1024;

/** What says of a large message what it is: the first of its members that has a value. */
const KIND = /"(?:(error)|result|method)"\s*:\s*[^\sn]/;
/** What says of a large result that it is an error, wherever it stands: to take a part of data for it masks more, not less. */
const IS_ERROR = /"isError"\s{0,8}:\s{0,8}true/;
/** The end of an event: two line ends, in whichever style (WHATWG HTML, "Interpreting an event stream"). */
const BLANK_LINE = /\n\n|\n\r\n|\r\r/g;
/** Bytes of a kind, or of a blank line, that must not be told apart by where a chunk ends. */
const MAX_MARK_BYTES = 32;

/** Masks as long as their servers are known; those that are large only as long as there is room: one takes 50 ms to make. */
const masks = new WeakMap<Target, Mask | null>();
const largeMasks = new LRUCache<Target, Mask>({ maxSize: 16 * 1024 * 1024, sizeCalculation: ({ bytes }) => bytes });
const LARGE_BYTES = 64 * 1024;

/** Takes the secrets of a server out of what it says; null where it has none. */
export function maskOf(target: Target): Mask | null {
  let mask = largeMasks.get(target) ?? masks.get(target);
  if (mask === undefined) {
    const values = target.secrets.map(({ name, value }) => ({ name, values: secretValues(name, value) }));
    const search = new SecretSearch(values.flatMap((secret) => secret.values));
    const isOfResults = ({ name }: { name: string }): boolean => target.isShared && isNameOfSecret(name);
    const named = new Set(values.filter(isOfResults).flatMap((secret) => secret.values.map(({ value }) => value)));
    const kinds = {
      errors: search.wanting(() => true),
      results: search.wanting((value) => named.has(value)),
      undecided: search.wanting((value) => !named.has(value)),
    };
    mask = search.isEmpty ? null : new Mask(search, kinds);
    if (mask !== null && mask.bytes > LARGE_BYTES) {
      largeMasks.set(target, mask);
    } else {
      masks.set(target, mask);
    }
  }
  return mask;
}

type Kinds = {
  /** What is taken out of errors, and out of results. */
  readonly errors: Wanted;
  readonly results: Wanted;
  /** What is taken out of errors only. */
  readonly undecided: Wanted;
};

/** Whether so many bytes may be held of a message that has not said yet what it is; asked again as it grows. */
export type Room = (bytes: number) => boolean;

/**
 * What a server says, without what it is sent, or started with, to show who asks: servers repeat that, and who reads it need
 * not be who owns it. Out of errors, and of results that say of themselves that they are errors, every configured value is
 * taken. Everything else is data: out of that of the operator's servers the values are taken whose names say that they are
 * secrets, and that of an organization's own stays as it is. Values of less than 8 characters, or of digits alone, stay.
 */
export class Mask {
  readonly #search: SecretSearch;
  readonly #kinds: Kinds;

  constructor(search: SecretSearch, kinds: Kinds) {
    this.#search = search;
    this.#kinds = kinds;
  }

  /** Bytes that it holds, about. */
  get bytes(): number {
    return this.#search.bytes;
  }

  /**
   * The same, but for what somebody has sent who reads the answer: else a server that repeats guesses would say which one is
   * right. `sent` is the parameters of a request.
   */
  async withoutSent(sent: unknown): Promise<Mask> {
    const turn = createYielding();
    const known = await this.#search.knownFrom(sentIn(sent), turn);
    if (known.size === 0) {
      return this;
    }
    const { errors, results, undecided } = this.#kinds;
    return new Mask(this.#search, {
      errors: this.#search.without(errors, known),
      results: this.#search.without(results, known),
      undecided: this.#search.without(undecided, known),
    });
  }

  /** The text of an error. */
  error(text: string): Promise<string> {
    return this.#outOf(text, this.#kinds.errors);
  }

  /** The text of something else. */
  result(text: string): Promise<string> {
    return this.#outOf(text, this.#kinds.results);
  }

  /** The text of a message, written of a value. */
  message(text: string, message: Readonly<Record<string, unknown>>): Promise<string> {
    return saysError(message) ? this.error(text) : this.result(text);
  }

  /** A whole body in JSON. */
  async json(body: Buffer): Promise<Buffer> {
    const turn = createYielding();
    const { errors, results } = this.#kinds;
    // Whatever is taken out of a result is taken out of an error.
    if (!(await this.#search.standIn(body, errors, true, turn))) {
      return body;
    }
    return this.#search.outOfBytes(body, isErrorIn(body, asItIs) ? errors : results, true, turn);
  }

  /** Masks what comes in pieces, wherever they begin and end: events, or one body in JSON. */
  ofStream(areEvents: boolean, room: Room): StreamMask {
    return new StreamMask(this.#search, this.#kinds, areEvents, room);
  }

  async #outOf(text: string, wanted: Wanted): Promise<string> {
    const turn = createYielding();
    return (await this.#search.standIn(text, wanted, true, turn))
      ? this.#search.outOfText(text, wanted, true, turn)
      : text;
  }
}

/** Whether a whole message says of an error; `jsonIn` finds its JSON in the text of the bytes. */
const isErrorIn = (bytes: Buffer, jsonIn: (text: string) => string): boolean =>
  bytes.length > MAX_WAITING_BYTES
    ? beginsAsError(bytes) || IS_ERROR.test(bytes.toString('latin1'))
    : isError(jsonIn(bytes.toString('utf8')));

/** Whether a large message begins as an error, or in a way that does not tell yet. */
function beginsAsError(start: Buffer): boolean {
  const [first, error] = KIND.exec(start.toString('latin1', 0, MAX_WAITING_BYTES)) ?? [];
  // A batch holds messages of any kind.
  const isBatch = /^(?:\s|data:|event:[^\n]*\n|id:[^\n]*\n)*\[/.test(start.toString('latin1', 0, MAX_MARK_BYTES));
  return first === undefined || error !== undefined || isBatch;
}

/**
 * Takes secrets out of a body as it comes. A message is waited for whole, unless it is large: then it goes on as a result as
 * long as nothing in it would be taken out of an error. From there on it is held until it says that it is one, or ends; where
 * there is no room for that, it counts as one.
 */
export class StreamMask {
  readonly #search: SecretSearch;
  readonly #kinds: Kinds;
  readonly #areEvents: boolean;
  readonly #room: Room;
  #held: Buffer = Buffer.alloc(0);
  /** What is taken out of a large message that has begun to go on. */
  #wanted: Wanted | null = null;
  /** What came of such a message since it could not go on. */
  #undecided: Buffer[] = [];
  #undecidedBytes = 0;

  constructor(search: SecretSearch, kinds: Kinds, areEvents: boolean, room: Room) {
    this.#search = search;
    this.#kinds = kinds;
    this.#areEvents = areEvents;
    this.#room = room;
  }

  /** What can go on when this has come, piece by piece; each is made when it is asked for. */
  *add(chunk: Buffer): Generator<Buffer> {
    const isSeen = this.#held.length;
    const data = isSeen === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    if (this.#areEvents) {
      const text = data.toString('latin1');
      // The first characters of a blank line may have come before.
      BLANK_LINE.lastIndex = Math.max(isSeen - 2, 0);
      const ends: number[] = [];
      while (BLANK_LINE.test(text)) {
        ends.push(BLANK_LINE.lastIndex);
      }
      for (const end of ends) {
        yield* this.#ended(data.subarray(at, end));
        at = end;
      }
    }
    const rest = data.subarray(at);
    if (this.#wanted === null && rest.length <= MAX_WAITING_BYTES) {
      this.#held = rest;
    } else {
      yield* this.#large(rest);
    }
  }

  /** What is left when there is no more. */
  *end(): Generator<Buffer> {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    yield* this.#ended(rest);
  }

  /** What of a large message can go on; `rest` begins with what was held of it. */
  *#large(rest: Buffer): Generator<Buffer> {
    const { errors, results, undecided } = this.#kinds;
    this.#wanted ??= beginsAsError(rest) ? errors : results;
    this.#decide(rest);
    const mostBytes = Math.max(rest.length - MAX_MARK_BYTES, 0);
    const { end } = this.#search.find(rest, errors, { isJson: true, isLast: false, mostBytes });
    this.#held = rest.subarray(end);
    const part = rest.subarray(0, end);
    const isUndecided = (): boolean => this.#undecided.length > 0 || this.#search.areIn(rest, undecided, true);
    if (this.#wanted === results && isUndecided()) {
      this.#undecided.push(part);
      this.#undecidedBytes += part.length;
      if (this.#room(this.#undecidedBytes)) {
        return;
      }
      this.#wanted = errors;
      yield* this.#decided();
      return;
    }
    yield* this.#decided(part);
  }

  *#ended(message: Buffer): Generator<Buffer> {
    if (this.#wanted === null) {
      const { errors, results } = this.#kinds;
      // Whatever is taken out of a result is taken out of an error.
      if (!this.#search.areIn(message, errors, true)) {
        yield message;
        return;
      }
      const wanted = isErrorIn(message, this.#areEvents ? dataOf : asItIs) ? errors : results;
      yield this.#search.outOf(message, wanted, true);
      return;
    }
    this.#decide(message);
    yield* this.#decided(message);
    this.#wanted = null;
  }

  #decide(bytes: Buffer): void {
    const { results, errors } = this.#kinds;
    if (this.#wanted === results && IS_ERROR.test(bytes.toString('latin1'))) {
      this.#wanted = errors;
    }
  }

  /** What was held, and what comes after it, as it is decided now. Nothing that is taken out lies across two of the parts. */
  *#decided(...rest: Buffer[]): Generator<Buffer> {
    const parts = [...this.#undecided, ...rest];
    const wanted = this.#wanted ?? this.#kinds.errors;
    const wasHeld = this.#undecided.length > 0;
    this.#undecided = [];
    this.#undecidedBytes = 0;
    for (const part of parts) {
      yield this.#search.outOf(part, wanted, true);
    }
    if (wasHeld) {
      this.#room(0);
    }
  }
}

const asItIs = (text: string): string => text;

/** The data of an event, as far as it is one that holds a message. */
const dataOf = (event: string): string =>
  event
    .split(/\r\n|\n|\r/)
    .flatMap((line) => (line.startsWith('data:') ? [line.slice('data:'.length)] : []))
    .join('\n');

/** Whether a JSON text is a message, or a batch, that says of an error. One that cannot be read may. */
function isError(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    const messages: unknown[] = Array.isArray(value) ? value : [value];
    return messages.some((message) => !isObject(message) || saysError(message));
  } catch {
    return true;
  }
}

const saysError = ({ error, result }: Readonly<Record<string, unknown>>): boolean =>
  (error ?? null) !== null || (isObject(result) && result.isError === true);
