import { isObject } from '../../src/base/json.ts';
import { type Document, type Operation, resolve, type Schema } from '../../src/contract/document.ts';

/**
 * The places of mistakes in an answer that are none in requests of the operation: each begins with a part of a request,
 * and in a body goes on with a key that the document has, or that was sent.
 */
export function strangePlaces(document: Document, { body }: Operation, sent: unknown, answer: unknown): string[] {
  const schema = Object.values(body?.content ?? {})[0]?.schema;
  const known = schema === undefined ? undefined : resolve<Schema>(document, schema).properties;
  const text = typeof sent === 'string' ? sent : (JSON.stringify(sent) ?? '');
  // Bytes may be compressed.
  const isSent = (key: string) => sent instanceof Uint8Array || text.includes(key);
  return placesIn(answer).filter((place) => {
    const [part = '', key] = place.split('.');
    const isKey = key === undefined || known === undefined || Object.hasOwn(known, key) || isSent(key);
    return !PARTS.includes(part) || (part === 'body' && !isKey);
  });
}

const PARTS = ['body', 'header', 'path', 'query'];

/** The places of the mistakes of an error, in the envelope of whichever API. */
function placesIn(answer: unknown): string[] {
  if (!isObject(answer)) {
    return [];
  }
  const { error, details } = answer;
  if (answer.message === 'Validation failed' && typeof error === 'string') {
    // The Servers API writes them in one line, of which the first place can be told from the rest.
    return /^\S+(?=: )/.exec(error) ?? [];
  }
  if (isObject(details) && Array.isArray(details.failures)) {
    return details.failures.map(({ path }) => path);
  }
  return isObject(error) && Array.isArray(error.fieldErrors) ? error.fieldErrors.map(({ field }) => field) : [];
}
