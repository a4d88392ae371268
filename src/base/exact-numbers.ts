import { randomUUID } from 'node:crypto';
import { endOfString } from './json-text.ts';
import { readJson } from './read-json.ts';

/** From the proposal "JSON.parse source text access" (stage 4), which Node 24 has and TypeScript's library does not. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

const [SPACE, QUOTE, PLUS, MINUS, POINT, COLON] = [0x20, 0x22, 0x2b, 0x2d, 0x2e, 0x3a];
const [ZERO, NINE, UPPER_E, LOWER_E] = [0x30, 0x39, 0x45, 0x65];
/** The number of digits that JavaScript always represents exactly. */
const MAX_SAFE_DIGITS = 15;
/** A number as JSON writes it (RFC 8259, section 6). */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Stands for a number until the text is parsed. No text of an outsider holds it: each process makes its own. */
const MARK = `number-${randomUUID()}-`;

/** A text contains more than `most` numbers to keep. */
export class TooManyNumbers extends Error {
  override readonly name = 'TooManyNumbers';
}

/**
 * Parses a JSON text. Numbers that `isKept` selects by their source become `JSON.rawJSON`, so they are written
 * unchanged. `isKept` is not called for integers of up to 15 digits. A reviver of `JSON.parse` could do the same, but
 * it is called for each value; here only the kept numbers cost more than parsing. `parsed` is the result of
 * `JSON.parse`, if known. Throws a SyntaxError for invalid JSON, and TooManyNumbers for more than `most` kept numbers.
 */
export function parseKeepingNumbers(
  text: string,
  isKept: (source: string) => boolean,
  parsed?: unknown,
  most = Number.POSITIVE_INFINITY,
): unknown {
  const kept: unknown[] = [];
  let marked = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      if (!isPlain(text, at, end)) {
        const source = text.slice(at, end);
        if (NUMBER.test(source) && isKept(source) && !isName(text, end)) {
          marked += `${text.slice(copied, at)}"${MARK}${kept.length}"`;
          copied = end;
          kept.push(rawJSON(source));
          if (kept.length > most) {
            throw new TooManyNumbers();
          }
        }
      }
      at = end - 1;
    }
  }
  if (kept.length === 0) {
    return parsed ?? readJson(text);
  }
  return restored(readJson(marked + text.slice(copied)), kept);
}

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

/** Where something that starts as a number ends. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    const isPart =
      isDigit(code) || code === POINT || code === LOWER_E || code === UPPER_E || code === PLUS || code === MINUS;
    if (!isPart) {
      break;
    }
    end++;
  }
  return end;
}

/** True for integers that JavaScript writes as they came: few digits, and not -0. */
function isPlain(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start) === MINUS ? start + 1 : start;
  if (end - first > MAX_SAFE_DIGITS || (first > start && text.charCodeAt(first) === ZERO)) {
    return false;
  }
  for (let at = first; at < end; at++) {
    if (!isDigit(text.charCodeAt(at))) {
      return false;
    }
  }
  return true;
}

/** A number where a name must stand is a mistake; what stands for it would be none. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text.charCodeAt(at) <= SPACE) {
    at++;
  }
  return text.charCodeAt(at) === COLON;
}

/** Puts the numbers in place of what stands for them. */
function restored(value: unknown, kept: readonly unknown[]): unknown {
  if (typeof value === 'string') {
    return value.length > MARK.length && value.startsWith(MARK) ? kept[Number(value.slice(MARK.length))] : value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      value[index] = restored(value[index], kept);
    }
  } else if (typeof value === 'object' && value !== null) {
    const members = value as Record<string, unknown>;
    for (const name of Object.keys(members)) {
      const member = members[name];
      if (typeof member === 'string' || typeof member === 'object') {
        members[name] = restored(member, kept);
      }
    }
  }
  return value;
}
