import type { IncomingHttpHeaders } from 'node:http';

/** The headers of an answer, names in lower case. Each is one text, even if the header was repeated. */
export type AnswerHeaders = Readonly<Record<string, string>>;

/** An answer repeats a single-value header with another value. `header`: its name in lower case. */
export class ContradictingHeaders extends Error {
  override readonly name = 'ContradictingHeaders';
  readonly header: string;

  constructor(header: string) {
    super(`two ${header} headers differ`);
    this.header = header;
  }
}

/**
 * The headers that determine the reading, the redirect target and the owner of an answer: with two values, we would
 * have to guess.
 */
const ONE_VALUE = new Set(['content-type', 'content-length', 'location', 'mcp-session-id']);

/**
 * Returns the headers of an answer, each as one text. Repeated equal values count once. Different values are joined
 * with commas (RFC 9110, section 5.3); for a single-value header, throws ContradictingHeaders.
 */
export function singleHeaders(received: IncomingHttpHeaders): AnswerHeaders {
  let single: Record<string, string> | undefined;
  for (const name in received) {
    const values = received[name];
    if (Array.isArray(values)) {
      // Copied only where a header is repeated, which hardly any answer does.
      single ??= { ...received } as Record<string, string>;
      single[name] = oneOf(name, values);
    }
  }
  return single ?? (received as AnswerHeaders);
}

function oneOf(name: string, values: readonly string[]): string {
  const different = new Set(values);
  if (different.size > 1 && ONE_VALUE.has(name)) {
    throw new ContradictingHeaders(name);
  }
  return [...different].join(', ');
}
