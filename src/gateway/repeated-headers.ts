import type { IncomingHttpHeaders } from 'node:http';

/** The headers of the protocol whose values have no comma. */
const NAMES = ['mcp-protocol-version', 'mcp-method', 'mcp-session-id'];

/**
 * Returns the one value of a header that was sent several times with equal values, which Node and proxies join with
 * commas; any other value is returned unchanged, and an empty one is undefined.
 */
export function foldRepeated(value: string): string | undefined {
  const [first, ...others] = value.split(',').map((part) => part.trim());
  return others.every((other) => other === first) ? first || undefined : value;
}

/** Folds the repeated headers of the protocol in a request. One without a value counts as absent. */
export function foldRepeatedHeaders(headers: IncomingHttpHeaders): void {
  for (const name of NAMES) {
    const value = headers[name];
    if (typeof value === 'string' && (value === '' || value.includes(','))) {
      headers[name] = foldRepeated(value);
    }
  }
}

/**
 * Returns the value of a header that repeats a text of the body, which may hold commas itself: folded only where that
 * makes it equal to the text.
 */
export function valueLike(sent: string | undefined, isEqual: (value: string) => boolean): string | undefined {
  const folded = sent === undefined || isEqual(sent) ? undefined : foldRepeated(sent);
  return folded !== undefined && isEqual(folded) ? folded : sent;
}
