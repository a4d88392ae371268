import { LOOSE, STRICT, type Symbols } from './secret-reading.ts';
import { type Found, type Place, readingOf, slicesOf, type Turn, Words } from './secret-words.ts';

/** What is shorter is likely to be found where it is no secret; the same when it is read without what escapes in it. */
const MIN_SECRET_CHARS = 8;
const MIN_READ_CHARS = 6;
/** What stands for a secret. */
const MASKED = Buffer.from('[credential]');
/** A number of JSON, or a part of one: to take it out would leave no JSON. */
const NUMBER = /^[-+\d.]*(?:e[-+]?\d*)?$/i;
const mayBeFound = (value: string): boolean => value.length >= MIN_SECRET_CHARS && !NUMBER.test(value);

/** A secret and its parts that are secrets themselves. Knowledge of one part does not include the other parts. */
export type SecretValue = { readonly value: string; readonly parts: readonly string[] };

/** The secrets to find. */
export type Wanted = {
  /** The numbers of the values. */
  readonly numbers: ReadonlySet<number>;
  /** By word: the length of the longest one that is looked for and ends with it; 0 for none. */
  readonly lengths: Int32Array;
};

/**
 * Finds secrets in bytes, in one pass of linear time for all secrets. It reads the text and the secrets without their
 * escapes: backslashes, in any number, are ignored; `\n` and a line end count as `n`; `\u0041` and `%41` count as the
 * character; a plus equals a space, and the two alphabets of base64 are equal. So one word finds a secret in JSON, in
 * JSON inside JSON, and in URLs; another one finds it in base64.
 */
export class SecretSearch {
  readonly #values: readonly SecretValue[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #strict: Forms;
  #loose: Forms | undefined;

  constructor(values: readonly SecretValue[]) {
    const byValue = new Map<string, string[]>();
    for (const { value, parts } of values) {
      if (mayBeFound(value) && readingOf(value, STRICT).length >= MIN_READ_CHARS) {
        byValue.set(value, [...(byValue.get(value) ?? []), ...parts]);
      }
    }
    this.#values = [...byValue].map(([value, parts]) => ({ value, parts }));
    this.#numbers = new Map(this.#values.map(({ value }, number) => [value, number]));
    this.#strict = formsOf(this.#values, STRICT, MIN_READ_CHARS);
  }

  /** The approximate memory in bytes, including texts that clients have sent. */
  get bytes(): number {
    return 2 * this.#strict.words.bytes;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Selects the secrets to find. */
  wanting(isWanted: (value: string) => boolean): Wanted {
    return this.#wantedOf(this.#values.flatMap(({ value }, number) => (isWanted(value) ? [number] : [])));
  }

  /**
   * Returns the values that the sender of these texts already knows: values that the texts contain in any form, in
   * other case, with other marks between letters and digits, or in pieces. Services join, trim and decode their input
   * before they repeat it. A sender who knows a part of a value, such as the password of a URL, must not learn from the
   * value that the part is right; the other parts are searched separately.
   */
  async knownFrom(sent: Iterable<string>, turn: Turn): Promise<ReadonlySet<number>> {
    this.#loose ??= formsOf(this.#values, LOOSE, MIN_SECRET_CHARS);
    const known = new Set<number>();
    for (const text of sent) {
      for (const { words, owners } of [this.#strict, this.#loose]) {
        for (const word of await words.allIn(text, turn)) {
          for (const number of owners[word] ?? []) {
            known.add(number);
          }
        }
      }
    }
    const holdsKnown = (parts: readonly string[]): boolean =>
      parts.some((part) => known.has(this.#numbers.get(part) ?? Number.NaN));
    const holding = known.size === 0 ? [] : this.#values.filter(({ parts }) => holdsKnown(parts));
    return new Set([...known, ...holding.map(({ value }) => this.#numbers.get(value) as number)]);
  }

  /** Returns the selection without these values. */
  without(wanted: Wanted, known: ReadonlySet<number>): Wanted {
    return this.#wantedOf([...wanted.numbers].filter((number) => !known.has(number)));
  }

  #wantedOf(list: readonly number[]): Wanted {
    const { words, owners } = this.#strict;
    const numbers = new Set(list);
    return { numbers, lengths: words.wanted((word) => owners[word]?.some((number) => numbers.has(number)) === true) };
  }

  areIn(bytes: Buffer, wanted: Wanted, isJson: boolean): boolean {
    // A flood of tiny events must not be searched one by one.
    return (
      bytes.length >= MIN_SECRET_CHARS &&
      this.find(bytes, wanted, { isJson, isLast: true, onlyFirst: true }).ranges.length > 0
    );
  }

  outOf(bytes: Buffer, wanted: Wanted, isJson: boolean): Buffer {
    const { ranges } = this.find(bytes, wanted, { isJson, isLast: true });
    return replaced(bytes, ranges);
  }

  find(bytes: Buffer, wanted: Wanted, place: Place): Found {
    return this.#strict.words.find(bytes, wanted.lengths, place);
  }

  /** Whether a text, or bytes, contain a selected secret. */
  async standIn(source: string | Buffer, wanted: Wanted, isJson: boolean, turn: Turn): Promise<boolean> {
    for await (const { ranges } of this.#inTurns(source, wanted, { isJson, onlyFirst: true }, turn)) {
      if (ranges.length > 0) {
        return true;
      }
    }
    return false;
  }

  /** Masks the selected secrets in a text. */
  async outOfText(text: string, wanted: Wanted, isJson: boolean, turn: Turn): Promise<string> {
    let out = '';
    for await (const { bytes, ranges } of this.#inTurns(text, wanted, { isJson }, turn)) {
      out += replaced(bytes, ranges).toString();
    }
    return out;
  }

  async outOfBytes(whole: Buffer, wanted: Wanted, isJson: boolean, turn: Turn): Promise<Buffer> {
    const out: Buffer[] = [];
    for await (const { bytes, ranges } of this.#inTurns(whole, wanted, { isJson }, turn)) {
      out.push(replaced(bytes, ranges));
    }
    return Buffer.concat(out);
  }

  /** Searches a large text in parts. */
  async *#inTurns(source: string | Buffer, wanted: Wanted, place: Omit<Place, 'isLast'>, turn: Turn) {
    let rest: Buffer = Buffer.alloc(0);
    for (const { bytes, isLast } of slicesOf(source)) {
      const slice = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const { ranges, end } = this.find(slice, wanted, { ...place, isLast });
      yield { bytes: slice.subarray(0, end), ranges };
      rest = slice.subarray(end);
      await turn();
    }
  }
}

/** Bytes with those of the ranges that are whole in them replaced. */
function replaced(bytes: Buffer, ranges: readonly number[]): Buffer {
  if (ranges.length === 0) {
    return bytes;
  }
  const out: Buffer[] = [];
  let from = 0;
  for (let index = 0; index < ranges.length && (ranges[index + 1] as number) <= bytes.length; index += 2) {
    out.push(bytes.subarray(from, ranges[index]), MASKED);
    from = ranges[index + 1] as number;
  }
  out.push(bytes.subarray(from));
  return Buffer.concat(out);
}

type Forms = {
  readonly words: Words;
  /** By word: the numbers of the values that it is a form of. */
  readonly owners: readonly (readonly number[])[];
};

/** The words that secrets are read as, each once, and whose they are. */
function formsOf(values: readonly SecretValue[], symbols: Symbols, shortest: number): Forms {
  const byWord = new Map<string, number[]>();
  for (const [number, { value }] of values.entries()) {
    const bytes = Buffer.from(value);
    for (const form of new Set([value, bytes.toString('base64').replace(/=+$/, '')])) {
      const word = readingOf(form, symbols).toString('latin1');
      if (word.length >= shortest) {
        byWord.set(word, [...(byWord.get(word) ?? []), number]);
      }
    }
  }
  const words = [...byWord.keys()].map((word) => Buffer.from(word, 'latin1'));
  return { words: new Words(words, symbols), owners: [...byWord.values()] };
}
