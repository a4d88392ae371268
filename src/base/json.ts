import { parseKeeping } from './exact-numbers.ts';

const json = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };

/** Levels of objects and lists that are taken: `JSON.stringify` gives up somewhere, `JSON.parse` does not. */
export const MAX_LEVELS = 200;

/** True for a JSON object: no list, and no number that keeps its digits. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** True if the value has at most 200 levels. */
export const isShallow = (value: unknown, left = MAX_LEVELS): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (left > 0 && Object.values(value).every((member) => isShallow(member, left - 1)));

/**
 * The value of a JSON text. Numbers that JavaScript would change (integers from 2^53, and what would be infinite) are
 * `JSON.rawJSON`. Undefined for what is no JSON, or has more than 200 levels.
 */
export function parseJson(text: string): unknown {
  try {
    const value = JSON.parse(text);
    if (!isShallow(value)) {
      return undefined;
    }
    // Hardly any text has such a number.
    return /\d{16}|e\+?\d{3}/i.test(text) ? parseKeeping(text, isChanged, value) : value;
  } catch {
    return undefined;
  }
}

/**
 * The value of a JSON text of at most 200 levels, in which every number that JavaScript would write in another way is
 * `JSON.rawJSON`. `parsed` is what `JSON.parse` makes of it, where that is known. Throws a SyntaxError for what is no
 * JSON, and TooManyNumbers when more than `most` would be.
 */
export const parseExact = (text: string, parsed?: unknown, most?: number): unknown =>
  parseKeeping(text, isRewritten, parsed, most);

/** True for a number that keeps its digits. */
export const isRawNumber = (value: unknown): boolean => json.isRawJSON(value);

const isRewritten = (source: string): boolean => String(Number(source)) !== source;

function isChanged(source: string): boolean {
  const value = Number(source);
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source));
}

/** True for the media types of JSON (RFC 8259; structured suffixes by RFC 6839). */
export const isJsonType = (mediaType: string): boolean => /^[^;]*[/+]json\s*(;|$)/i.test(mediaType);

/** JSON that a header can hold: characters beyond ASCII are escaped. */
export const asciiJson = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
