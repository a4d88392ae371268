/** Bytes behind the beginning of an escape that tell what it is. */
const MAX_READ_BYTES = 160;
/** Bytes of backslashes, or of percents encoded again and again, that are one escape. */
const MAX_RUN_BYTES = 64;
export const [PERCENT, BACKSLASH] = [0x25, 0x5c];
const [LF, CR, QUOTE, U] = [0x0a, 0x0d, 0x22, 0x75];

/** What a byte is read as; -1 for nothing. */
export type Symbols = Int16Array;

const EQUAL = new Map(
  Object.entries({ '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f', ' ': '+', '-': '+', _: '/' }),
);
const symbols = (read: (character: string) => string | null): Symbols =>
  Int16Array.from({ length: 256 }, (_, byte) => read(String.fromCharCode(byte))?.charCodeAt(0) ?? -1);

/** Every character, but for what an escape, a URL or an alphabet of base64 writes otherwise. */
export const STRICT: Symbols = symbols((character) => EQUAL.get(character) ?? character);
/** Letters, whatever their case, and digits. */
export const LOOSE: Symbols = symbols((character) => (/[a-z\d]/i.test(character) ? character.toLowerCase() : null));

/** What a reader answers: it has enough, it goes on, or what it has heard so far matters no more. */
export const [ENOUGH, ON, IDLE] = [0, 1, 2] as const;
type Answer = typeof ENOUGH | typeof ON | typeof IDLE;

/** The receiver of the symbols that a text is read as. */
export type Reader = {
  /** By byte, not zero for those that an idle reader need not hear of, as they are. */
  readonly idleOver: Uint8Array;
  /** A symbol, and where what it was read of begins and ends. */
  readonly take: (symbol: number, start: number, end: number) => Answer;
  /** What comes now does not go on with what was before. */
  readonly part: (start: number, end: number) => void;
};

/** The circumstances in which bytes of a text are read. */
export type Reading = {
  /** Whether a quote, or a line end, that nothing escapes is no part of a string. */
  readonly isJson: boolean;
  /** Whether nothing follows. */
  readonly isLast: boolean;
  /** Whether the reader has heard something before these bytes that still matters. */
  readonly isOn?: boolean;
};

/**
 * Reads bytes without their escapes, however often they were written as JSON or percent-encoded: backslashes, however many,
 * count for nothing, `\n` for `n`, and `\u0041`, `%41` and `%2541` for the character. Returns how many bytes were read: of
 * what is not the last, all but an escape at its end.
 */
export function read(
  bytes: Uint8Array,
  symbols: Symbols,
  { isJson, isLast, isOn = false }: Reading,
  reader: Reader,
): number {
  const { length } = bytes;
  const { idleOver } = reader;
  // Where backslashes before this place begin; -1 for none.
  let run = -1;
  let isOdd = false;
  let at = 0;
  let answer: Answer = isOn ? ON : IDLE;
  while (at < length) {
    if (answer === IDLE && run === -1) {
      while (idleOver[bytes[at] as number]) {
        at += 1;
      }
    } else if (answer === ENOUGH) {
      return at;
    }
    if (at >= length) {
      break;
    }
    const byte = bytes[at] as number;
    if (run === -1 && byte !== BACKSLASH && byte !== PERCENT && byte !== QUOTE && byte !== LF && byte !== CR) {
      const symbol = symbols[byte] as number;
      at += 1;
      if (symbol !== -1) {
        answer = reader.take(symbol, at - 1, at);
      }
      continue;
    }
    const start = run === -1 ? at : run;
    if (!isLast && length - at < MAX_READ_BYTES && (run !== -1 || byte === BACKSLASH || byte === PERCENT)) {
      return start;
    }
    if (isJson && (byte === LF || byte === CR || (byte === QUOTE && !isOdd))) {
      reader.part(start, at);
      answer = IDLE;
      at += 1;
      run = -1;
      isOdd = false;
      continue;
    }
    let end = byte === PERCENT ? endOfPercent(bytes, at) : at + 1;
    let code = end - at > 2 ? hex(bytes, end - 2, 2) : byte;
    if (run !== -1 && byte === U && hex(bytes, at + 1, 4) !== -1) {
      code = hex(bytes, at + 1, 4);
      end = at + 5;
    }
    isOdd = byte === BACKSLASH && !isOdd;
    at = end;
    if (code === BACKSLASH) {
      run = start;
      if (at - run > MAX_RUN_BYTES && !isOdd) {
        reader.part(run, at);
        answer = IDLE;
        run = -1;
      }
      continue;
    }
    run = -1;
    if (byte === U && code >= 0x80) {
      const low = isHigh(code) ? lowAt(bytes, at) : null;
      at = low?.end ?? at;
      const character = low === null ? code : 0x10000 + ((code - 0xd800) << 10) + (low.code - 0xdc00);
      for (const unit of Buffer.from(String.fromCodePoint(character).toWellFormed())) {
        answer = taken(reader, answer, symbols[unit] as number, start, at);
      }
    } else {
      answer = taken(reader, answer, symbols[code] as number, start, at);
    }
  }
  return run === -1 || isLast ? length : run;
}

const taken = (reader: Reader, before: Answer, symbol: number, start: number, end: number): Answer =>
  symbol === -1 ? before : reader.take(symbol, start, end);

/** The end of a percent and what belongs to it: `%41`, `%2541`; `%25` is a percent, and so is one alone. */
function endOfPercent(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (bytes[at] === 0x32 && bytes[at + 1] === 0x35 && at - start < MAX_RUN_BYTES) {
    at += 2;
  }
  return hex(bytes, at, 2) === -1 ? at : at + 2;
}

/** The number that so many hexadecimal digits write; -1 where they are none. */
export function hex(bytes: Uint8Array, start: number, digits: number): number {
  let number = 0;
  for (let at = start; at < start + digits; at++) {
    const byte = bytes[at] ?? 0;
    const digit =
      byte >= 0x30 && byte <= 0x39
        ? byte - 0x30
        : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66
          ? (byte | 0x20) - 87
          : -1;
    if (digit === -1) {
      return -1;
    }
    number = number * 16 + digit;
  }
  return number;
}

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** The second half of a character that two escapes write. */
function lowAt(bytes: Uint8Array, start: number): { readonly code: number; readonly end: number } | null {
  let at = start;
  while (bytes[at] === BACKSLASH && at - start < MAX_RUN_BYTES) {
    at += 1;
  }
  const code = at > start && bytes[at] === U ? hex(bytes, at + 1, 4) : -1;
  return code >= 0xdc00 && code < 0xe000 ? { code, end: at + 5 } : null;
}
