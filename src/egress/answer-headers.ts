import type { IncomingHttpHeaders } from 'node:http';

/** The headers of an answer, names in lower case: each is one text, however often it came. */
export type AnswerHeaders = Readonly<Record<string, string>>;

/** An answer in which a header that can have one value has two. `header`: its name in lower case. */
export class ContradictingHeaders extends Error {
  override readonly name = 'ContradictingHeaders';
  readonly header: string;

  constructor(header: string) {
    super(`two ${header} headers differ`);
    this.header = header;
  }
}

/** The headers that decide how an answer is read, where it leads and whose it is: two values would be a guess. */
const ONE_VALUE = new Set(['content-type', 'content-length', 'location', 'mcp-session-id']);

/**
 * The headers of an answer, each as one text. A header that came more than once with equal values counts as one; with
 * other values it is joined by commas (RFC 9110, section 5.3), and where it can have one value only, ContradictingHeaders
 * is thrown.
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
