/** Analyses of a JSON text without parsing it: one pass over its characters, and no call per value. */

const [SPACE, QUOTE, COMMA, BACKSLASH] = [0x20, 0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Characters of a string that are looked at one by one: for fewer, a call of `indexOf` costs more than it spares. */
const NEAR_CHARS = 32;

/**
 * Returns the place of the closing quote of the string that starts at `start`, or the length of the text if there is
 * none.
 */
export function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    for (const near = at + NEAR_CHARS; at < near; at++) {
      if (at >= text.length) {
        return text.length;
      }
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        return at;
      }
      if (code === BACKSLASH) {
        at++;
      }
    }
    const quote = text.indexOf('"', at);
    if (quote === -1) {
      return text.length;
    }
    let from = quote;
    while (from > at && text.charCodeAt(from - 1) === BACKSLASH) {
      from--;
    }
    if ((quote - from) % 2 === 0) {
      return quote;
    }
    at = quote + 1;
  }
}

/** How much a JSON text holds: its values (objects, lists and scalars, not member names), and its levels of objects and lists. */
export type JsonSize = { readonly values: number; readonly levels: number };

/**
 * Whether a JSON text has more values than `most`; see `measureJson`. A text of n characters has at most (n + 1) / 2
 * values, so short texts are not measured.
 */
export const hasMoreValues = (text: string, most: number): boolean =>
  text.length >= 2 * most && measureJson(text, most).values > most;

/**
 * Measures a JSON text, or the bytes of one in latin1: in UTF-8, no byte of another character looks like one that counts.
 * Walking through the parsed value takes far longer if its objects have many members. Stops above `mostValues`. For invalid
 * JSON the result means nothing.
 */
export function measureJson(text: string, mostValues = Number.POSITIVE_INFINITY): JsonSize {
  let values = 1;
  let level = 0;
  let levels = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COMMA) {
      values++;
      // At another place, an empty list may still be taken back.
      if (values > mostValues) {
        break;
      }
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values++;
      level++;
      if (level > levels) {
        levels = level;
      }
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      level--;
      if (isEmpty(text, at)) {
        values--;
      }
    }
  }
  return { values, levels };
}

/** Whether nothing but spaces stands before the end of a list or an object. */
function isEmpty(text: string, end: number): boolean {
  let at = end - 1;
  while (text.charCodeAt(at) <= SPACE) {
    at--;
  }
  const code = text.charCodeAt(at);
  return code === OPEN_LIST || code === OPEN_OBJECT;
}
