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

/**
 * Whether a JSON text has more values than `most`; see `countValues`. A text of n characters has at most (n + 1) / 2
 * values, so short texts are not counted.
 */
export const hasMoreValues = (text: string, most: number): boolean =>
  text.length >= 2 * most && countValues(text, most) > most;

/**
 * Counts the values in a JSON text: objects, lists and scalars on all levels, without member names. Stops above `most`.
 * For invalid JSON the result means nothing.
 */
export function countValues(text: string, most = Number.POSITIVE_INFINITY): number {
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COMMA) {
      values++;
      if (values > most) {
        break;
      }
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values++;
    } else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && isEmpty(text, at)) {
      values--;
    }
  }
  return values;
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

/**
 * Whether a valid JSON text has at most `most` levels of objects and lists. Walking through the parsed value takes far
 * longer if its objects have many members.
 */
export function isShallowText(text: string, most: number): boolean {
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      level++;
      if (level > most) {
        return false;
      }
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      level--;
    }
  }
  return true;
}
