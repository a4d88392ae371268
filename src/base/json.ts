import { parseKeepingNumbers } from './exact-numbers.ts';
import { readJson } from './read-json.ts';

const json = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };

/** The maximum number of levels of objects and lists: `JSON.stringify` fails at some depth, `JSON.parse` does not. */
export const MAX_LEVELS = 200;

/** True if the value has at most 200 levels. */
export const isShallow = (value: unknown, left = MAX_LEVELS): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (left > 0 && Object.values(value).every((member) => isShallow(member, left - 1)));

/**
 * Parses a JSON text. Numbers that JavaScript would change (integers from 2^53, and overflows) become `JSON.rawJSON`.
 * Returns undefined for invalid JSON, and for more than 200 levels.
 */
export function parseJson(text: string): unknown {
  try {
    const value = readJson(text);
    if (!isShallow(value)) {
      return undefined;
    }
    // Hardly any text has such a number.
    return /\d{16}|e\+?\d{3}/i.test(text) ? parseKeepingNumbers(text, isChanged, value) : value;
  } catch {
    return undefined;
  }
}

/**
 * Parses a JSON text of at most 200 levels. Numbers that JavaScript would write differently become `JSON.rawJSON`.
 * `parsed` is the result of `JSON.parse`, if known. Throws a SyntaxError for invalid JSON, and TooManyNumbers for more
 * than `most` such numbers.
 */
export const parseExact = (text: string, parsed?: unknown, most?: number): unknown =>
  parseKeepingNumbers(text, isRewritten, parsed, most);

/** True for a number that keeps its digits. */
export const isRawNumber = (value: unknown): boolean => json.isRawJSON(value);

const isRewritten = (source: string): boolean => String(Number(source)) !== source;

function isChanged(source: string): boolean {
  const value = Number(source);
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source));
}

/** True for the media types of JSON (RFC 8259; structured suffixes by RFC 6839). */
export const isJsonType = (mediaType: string): boolean => /^[^;]*[/+]json\s*(;|$)/i.test(mediaType);

/** Escapes characters beyond ASCII, so that a header can carry the JSON. */
export const escapeNonAscii = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
