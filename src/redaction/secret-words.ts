import { Automaton } from './automaton.ts';
import { BACKSLASH, ENOUGH, IDLE, ON, PERCENT, type Reading, read, type Symbols } from './secret-reading.ts';

/** Bytes of secrets that overlap which are waited for whole. */
const MAX_HELD_BYTES = 64 * 1024;

/** How bytes are searched. */
export type Place = Reading & {
  /** Bytes before which they are to be parted, if that is possible. */
  readonly mostBytes?: number;
  readonly onlyFirst?: boolean;
};

/** Waited for between pieces of long work. */
export type Turn = () => Promise<void> | undefined;

/** The result of a search. */
export type Found = {
  /** Beginning and end of each place, in turn. */
  readonly ranges: readonly number[];
  /** Where the bytes can be parted: before a word that may continue in the next bytes. */
  readonly end: number;
};

/** For readers that are never idle. */
const NONE = new Uint8Array(256);

/** How a text is read. */
export function readingOf(text: string, symbols: Symbols): Buffer {
  const reading: number[] = [];
  const take = (symbol: number) => {
    reading.push(symbol);
    return ON;
  };
  read(Buffer.from(text), symbols, { isJson: false, isLast: true }, { idleOver: NONE, take, part: () => {} });
  return Buffer.from(reading);
}

/** Where the last symbols begin, as many as a word may have; of whichever search goes on: none is left half done. */
let starts = new Int32Array(256);

/** Words as they are read, and where they stand in bytes. */
export class Words {
  readonly #automaton: Automaton;
  readonly #symbols: Symbols;
  readonly #lengths: readonly number[];
  readonly #idleOver: Uint8Array;

  constructor(words: readonly Buffer[], symbols: Symbols) {
    this.#automaton = new Automaton(words);
    this.#symbols = symbols;
    this.#lengths = words.map(({ length }) => length);
    this.#idleOver = Uint8Array.from(symbols, (symbol, byte) =>
      byte !== BACKSLASH && byte !== PERCENT && (symbol === -1 || this.#automaton.next(0, symbol) === 0) ? 1 : 0,
    );
    const longest = Math.max(1, ...this.#lengths);
    if (starts.length <= longest) {
      starts = new Int32Array(2 ** Math.ceil(Math.log2(longest + 1)));
    }
  }

  /** Bytes that it holds, about. */
  get bytes(): number {
    return this.#automaton.bytes;
  }

  wanted(isWanted: (word: number) => boolean): Int32Array {
    const wanted = new Int32Array(this.#lengths.length);
    const shortestFirst = this.#lengths
      .map((length, word) => ({ length, word }))
      .toSorted((a, b) => a.length - b.length);
    for (const { length, word } of shortestFirst) {
      wanted[word] = isWanted(word) ? length : (wanted[this.#automaton.wordWithin[word] as number] ?? 0);
    }
    return wanted;
  }

  find(
    bytes: Buffer,
    wanted: Int32Array,
    { isJson, isLast, mostBytes = bytes.length, onlyFirst = false }: Place,
  ): Found {
    const automaton = this.#automaton;
    const { wordAt } = automaton;
    const mask = starts.length - 1;
    const ranges: number[] = [];
    let state = 0;
    let count = 0;
    let boundary = mostBytes;
    const readBytes = read(
      bytes,
      this.#symbols,
      { isJson, isLast },
      {
        idleOver: this.#idleOver,
        take: (symbol, start, end) => {
          if (start < mostBytes && end > mostBytes) {
            boundary = start;
          }
          state = automaton.next(state, symbol);
          if (state === 0) {
            return IDLE;
          }
          starts[count++ & mask] = start;
          const word = wordAt[state] as number;
          const length = word === -1 ? 0 : (wanted[word] as number);
          if (length > 0) {
            let from = starts[(count - length) & mask] as number;
            while (ranges.length > 0 && (ranges.at(-1) as number) > from) {
              ranges.pop();
              from = Math.min(from, ranges.pop() as number);
            }
            ranges.push(from, end);
          }
          return length > 0 && onlyFirst ? ENOUGH : ON;
        },
        part: (start, end) => {
          if (start < mostBytes && end > mostBytes) {
            boundary = start;
          }
          state = 0;
        },
      },
    );
    if (isLast) {
      return { ranges, end: bytes.length };
    }
    const begun = state === 0 ? readBytes : (starts[(count - automaton.depth(state)) & mask] as number);
    return { ranges, end: whole(ranges, Math.min(begun, boundary, readBytes)) };
  }

  /** Returns the words in a text. */
  async allIn(text: string, turn: Turn): Promise<ReadonlySet<number>> {
    const { wordAt, wordWithin } = this.#automaton;
    const found = new Set<number>();
    let state = 0;
    const take = (symbol: number) => {
      state = this.#automaton.next(state, symbol);
      for (let word = wordAt[state] as number; word !== -1 && !found.has(word); word = wordWithin[word] as number) {
        found.add(word);
      }
      return state === 0 ? IDLE : ON;
    };
    let rest: Buffer = Buffer.alloc(0);
    for (const { bytes, isLast } of slicesOf(text)) {
      const slice = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      rest = slice.subarray(
        read(
          slice,
          this.#symbols,
          { isJson: false, isLast, isOn: state !== 0 },
          { idleOver: this.#idleOver, take, part: () => {} },
        ),
      );
      await turn();
    }
    return found;
  }
}

/** Where bytes can be parted near a place without parting one of the ranges. */
function whole(ranges: readonly number[], end: number): number {
  for (let index = ranges.length - 2; index >= 0 && (ranges[index + 1] as number) > end; index -= 2) {
    const [from, to] = [ranges[index] as number, ranges[index + 1] as number];
    if (from < end) {
      return to - from > MAX_HELD_BYTES ? to : from;
    }
  }
  return end;
}

/** Characters that are looked at in one piece. */
const SLICE_CHARS = 128 * 1024;

/** A text, or bytes, in pieces; those of a text end with a character. */
export function* slicesOf(source: string | Buffer): Generator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let at = 0;
  do {
    let end = at + SLICE_CHARS;
    let bytes: Buffer;
    if (typeof source === 'string') {
      const code = source.charCodeAt(end - 1);
      end += code >= 0xd800 && code < 0xdc00 ? 1 : 0;
      bytes = Buffer.from(source.slice(at, end));
    } else {
      bytes = source.subarray(at, end);
    }
    yield { bytes, isLast: end >= source.length };
    at = end;
  } while (at < source.length);
}
