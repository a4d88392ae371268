/** From the proposal "JSON.parse source text access" (stage 4), which Node 24 has and TypeScript's library does not. */
type WithSource = {
  readonly rawJSON: (text: string) => unknown;
  readonly isRawJSON: (value: unknown) => boolean;
  readonly parse: (text: string, reviver: (key: string, value: unknown, at: { source?: string }) => unknown) => unknown;
};
const json = JSON as unknown as WithSource;

/** Levels of objects and lists that are taken: `JSON.stringify` gives up somewhere, `JSON.parse` does not. */
const DEEPEST = 200;

/** True for a JSON object: no list, and no number that keeps its digits. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** True if the value has at most 200 levels. */
export const isShallow = (value: unknown, left = DEEPEST): boolean =>
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
    // The reviver takes many times as long, and hardly any text needs it.
    return /\d{16}|e\+?\d{3}/i.test(text)
      ? json.parse(text, (_key, number, { source }) => exact(number, source))
      : value;
  } catch {
    return undefined;
  }
}

/** The value of a JSON text, in which every number that JavaScript would write in another way is `JSON.rawJSON`. Throws. */
export const parseExact = (text: string): unknown =>
  json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  );

/** True for a number that keeps its digits. */
export const isRawNumber = (value: unknown): boolean => json.isRawJSON(value);

function exact(value: unknown, source: string | undefined): unknown {
  const isChanged =
    typeof value === 'number' &&
    (!Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')));
  return isChanged && source !== undefined ? json.rawJSON(source) : value;
}

/** True for the media types of JSON (RFC 8259; structured suffixes by RFC 6839). */
export const isJsonType = (mediaType: string): boolean => /^[^;]*[/+]json\s*(;|$)/i.test(mediaType);
