import { isObject } from '../base/json.ts';
import { secretForms } from '../secret-forms.ts';
import { isNameOfSecret, type Secret } from './secrets.ts';
import type { Target } from './target.ts';

/** What is shorter is likely to be found where it is no secret. */
const SHORTEST = 8;
/** Bytes of a message that is waited for whole, to know what it is. */
const MOST_WAITED = 64 * 1024;
/** What stands for a secret. */
const MASKED = '[credential]';

/** What says of a large message what it is: the first of its members that has a value. */
const KIND = /"(?:(error)|result|method)"\s*:\s*[^\sn]/;
/** What says of a large result that it is an error, wherever it stands: to take a part of data for it masks more, not less. */
const IS_ERROR = /"isError"\s{0,8}:\s{0,8}true/;
/** The end of an event: two line ends, in whichever style (WHATWG HTML, "Interpreting an event stream"). */
const BLANK_LINE = /\n\n|\n\r\n|\r\r/g;
/** Bytes of a kind, or of a blank line, that must not be told apart by where a chunk ends. */
const MOST_OF_MARK = 32;

const masks = new WeakMap<Target, Mask | null>();

/** Takes the secrets of a server out of what it says; null where it has none. */
export function maskOf(target: Target): Mask | null {
  let mask = masks.get(target);
  if (mask === undefined) {
    const isOfResults = ({ name }: Secret): boolean => target.isShared && isNameOfSecret(name);
    const forms = {
      errors: new Forms(target.secrets),
      results: new Forms(target.secrets.filter(isOfResults)),
      undecided: new Forms(target.secrets.filter((secret) => !isOfResults(secret))),
    };
    mask = forms.errors.isEmpty ? null : new Mask(forms);
    masks.set(target, mask);
  }
  return mask;
}

type KindsOfForms = {
  /** Those that are taken out of errors, and out of results. */
  readonly errors: Forms;
  readonly results: Forms;
  /** Those that are taken out of errors only. */
  readonly undecided: Forms;
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
  readonly #forms: KindsOfForms;

  constructor(forms: KindsOfForms) {
    this.#forms = forms;
  }

  /** The text of an error. */
  error(text: string): string {
    return this.#forms.errors.outOf(text);
  }

  /** The text of something else. */
  result(text: string): string {
    return this.#forms.results.outOf(text);
  }

  /** The text of a message, written of a value. */
  message(text: string, message: Readonly<Record<string, unknown>>): string {
    return saysError(message) ? this.error(text) : this.result(text);
  }

  /** A whole body in JSON. */
  json(body: Buffer): Buffer {
    return masked(body, asItIs, this.#forms);
  }

  /** Masks what comes in pieces, wherever they begin and end: events, or one body in JSON. */
  pieces(areEvents: boolean, room: Room): Pieces {
    return new Pieces(this.#forms, areEvents, room);
  }
}

/** A whole message; `jsonIn` finds its JSON in the text of the bytes. */
function masked(bytes: Buffer, jsonIn: (text: string) => string, { errors, results }: KindsOfForms): Buffer {
  // Whatever is taken out of a result is taken out of an error.
  if (!errors.areIn(bytes)) {
    return bytes;
  }
  const saysSo =
    bytes.length > MOST_WAITED
      ? beginsAsError(bytes) || IS_ERROR.test(bytes.toString('latin1'))
      : isError(jsonIn(bytes.toString('utf8')));
  return (saysSo ? errors : results).outOfBytes(bytes);
}

/** Whether a large message begins as an error, or in a way that does not tell yet. */
function beginsAsError(start: Buffer): boolean {
  const [first, error] = KIND.exec(start.toString('latin1', 0, MOST_WAITED)) ?? [];
  // A batch holds messages of any kind.
  const isBatch = /^(?:\s|data:|event:[^\n]*\n|id:[^\n]*\n)*\[/.test(start.toString('latin1', 0, MOST_OF_MARK));
  return first === undefined || error !== undefined || isBatch;
}

/**
 * Takes secrets out of a body as it comes. A message is waited for whole, unless it is large: then it goes on as a result as
 * long as nothing in it would be taken out of an error. From there on it is held until it says that it is one, or ends; where
 * there is no room for that, it counts as one.
 */
export class Pieces {
  readonly #kinds: KindsOfForms;
  readonly #overlap: number;
  readonly #areEvents: boolean;
  readonly #room: Room;
  #held: Buffer = Buffer.alloc(0);
  /** What is taken out of a large message that has begun to go on. */
  #forms: Forms | null = null;
  /** What came of such a message since it could not go on. */
  #undecided: Buffer[] = [];
  #undecidedBytes = 0;

  constructor(kinds: KindsOfForms, areEvents: boolean, room: Room) {
    this.#kinds = kinds;
    this.#overlap = Math.max(kinds.errors.longest, MOST_OF_MARK);
    this.#areEvents = areEvents;
    this.#room = room;
  }

  /** What can go on when this has come; it may be empty. */
  add(chunk: Buffer): Buffer {
    const isSeen = this.#held.length;
    const data = isSeen === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    let at = 0;
    if (this.#areEvents) {
      const text = data.toString('latin1');
      // The first characters of a blank line may have come before.
      BLANK_LINE.lastIndex = Math.max(isSeen - 2, 0);
      while (BLANK_LINE.test(text)) {
        out.push(this.#ended(data.subarray(at, BLANK_LINE.lastIndex)));
        at = BLANK_LINE.lastIndex;
      }
    }
    const rest = data.subarray(at);
    if (this.#forms === null && rest.length <= MOST_WAITED) {
      this.#held = rest;
    } else {
      out.push(this.#large(rest));
    }
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  /** What is left when there is no more. */
  end(): Buffer {
    const rest = this.#ended(this.#held);
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** What of a large message can go on; `rest` begins with what was held of it. */
  #large(rest: Buffer): Buffer {
    const { errors, results, undecided } = this.#kinds;
    this.#forms ??= beginsAsError(rest) ? errors : results;
    this.#decide(rest);
    const end = errors.endBefore(rest, rest.length - this.#overlap);
    this.#held = rest.subarray(end);
    const part = rest.subarray(0, end);
    if (this.#forms === results && (this.#undecided.length > 0 || undecided.areIn(rest))) {
      this.#undecided.push(part);
      this.#undecidedBytes += part.length;
      if (this.#room(this.#undecidedBytes)) {
        return Buffer.alloc(0);
      }
      this.#forms = errors;
      return this.#decided();
    }
    return this.#decided(part);
  }

  #ended(message: Buffer): Buffer {
    if (this.#forms === null) {
      return masked(message, this.#areEvents ? dataOf : asItIs, this.#kinds);
    }
    this.#decide(message);
    const rest = this.#decided(message);
    this.#forms = null;
    return rest;
  }

  #decide(bytes: Buffer): void {
    const { results, errors, undecided } = this.#kinds;
    if (this.#forms === results && !undecided.isEmpty && IS_ERROR.test(bytes.toString('latin1'))) {
      this.#forms = errors;
    }
  }

  /** What was held, and what comes after it, as it is decided now. */
  #decided(...rest: Buffer[]): Buffer {
    const parts = [...this.#undecided, ...rest];
    if (this.#undecided.length > 0) {
      this.#undecided = [];
      this.#undecidedBytes = 0;
      this.#room(0);
    }
    const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return (this.#forms ?? this.#kinds.errors).outOfBytes(whole);
  }
}

/** The texts that secrets can stand as. Bytes are looked at as characters of ISO 8859-1: one each. */
class Forms {
  readonly #texts: readonly string[];
  readonly #inBytes: readonly string[];
  /** Those that hold no other one: without these there is none. */
  readonly #least: readonly Buffer[];
  /** Bytes. */
  readonly longest: number;

  constructor(secrets: readonly Secret[]) {
    const values = secrets.flatMap(({ value }) => valuesIn(value));
    this.#texts = secretForms(values.filter(isNoWord), SHORTEST).filter(isNoWord);
    this.#inBytes = this.#texts.map((form) => Buffer.from(form).toString('latin1'));
    this.#least = this.#texts
      .filter((form) => !this.#texts.some((other) => other !== form && form.includes(other)))
      .map((form) => Buffer.from(form));
    this.longest = Math.max(0, ...this.#inBytes.map(({ length }) => length));
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  areIn(bytes: Buffer): boolean {
    // A flood of tiny events must not be searched one by one.
    return bytes.length >= SHORTEST && this.#least.some((form) => bytes.includes(form));
  }

  outOf(text: string): string {
    return this.#texts.reduce((left, form) => left.replaceAll(form, MASKED), text);
  }

  outOfBytes(bytes: Buffer): Buffer {
    return this.areIn(bytes)
      ? Buffer.from(
          this.#inBytes.reduce((left, form) => left.replaceAll(form, MASKED), bytes.toString('latin1')),
          'latin1',
        )
      : bytes;
  }

  /** Where bytes can be parted at or after a place without parting a secret that is whole. */
  endBefore(bytes: Buffer, place: number): number {
    const start = Math.max(place, 0);
    const near = bytes.toString('latin1', Math.max(start - this.longest, 0));
    const from = start - Math.max(start - this.longest, 0);
    let end = from;
    for (const form of this.#inBytes) {
      // One that begins before the place and ends behind it.
      for (let at = near.indexOf(form); at !== -1 && at < from; at = near.indexOf(form, at + 1)) {
        end = Math.max(end, at + form.length);
      }
    }
    return end - from + start;
  }
}

/** Whether a text is unlikely to stand anywhere by chance. */
const isNoWord = (text: string): boolean => text.length >= SHORTEST && !/^\d+$/.test(text);

/** A value, and what in it is a secret by itself: behind a scheme, in the pair of Basic, in a URL. */
function valuesIn(value: string): string[] {
  const credentials = value.replace(/^\S+ +/, '');
  const pair = /^Basic +/i.test(value) ? Buffer.from(credentials, 'base64').toString('utf8') : '';
  const password = URL.parse(value)?.password ?? '';
  return [value, credentials, pair, pair.slice(pair.indexOf(':') + 1), password, unescaped(password)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
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
