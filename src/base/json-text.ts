import { measureJson } from './fast/measure-json.ts';

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

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
 * Whether a JSON text has more values than `most`; see `measureJson`. A text of n characters has at most (n + 1) / 2
 * values, so short texts are not measured.
 */
export const hasMoreValues = (text: string, most: number): boolean =>
  text.length >= 2 * most && measureJson(text, most).values > most;
