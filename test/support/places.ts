import { isObject } from '../../src/base/is-object.ts';
import { MAX_SHOWN_KEY_CHARS } from '../../src/base/limits.ts';
import { type Document, type Operation, resolve, type Schema } from '../../src/contract/document.ts';

/**
 * The places of mistakes in an answer that are none in requests of the operation: each begins with a part of a request,
 * and in a body goes on with a key that the document has, or that was sent.
 */
export function strangePlaces(document: Document, { body }: Operation, sent: unknown, answer: unknown): string[] {
  const schema = Object.values(body?.content ?? {})[0]?.schema;
  const known = schema === undefined ? undefined : resolve<Schema>(document, schema).properties;
  const keys = [...Object.keys(known ?? {}), ...keysIn(sent)].map((key) => shown(key));
  // Bytes may be compressed.
  const isKnown = (key: string) =>
    known === undefined || sent instanceof Uint8Array || keys.some((one) => key === one || key.startsWith(`${one}.`));
  return placesIn(answer).filter((place) => {
    const [part = ''] = place.split('.', 1);
    const isKey = place === part || isKnown(place.slice(part.length + 1).replaceAll('/', '.'));
    return !PARTS.includes(part) || (part === 'body' && !isKey);
  });
}

/** A key as answers show it. The validator separates keys by slashes, also by those that are part of a key. */
const shown = (key: string): string =>
  key.slice(0, MAX_SHOWN_KEY_CHARS).toWellFormed().replaceAll('\0', '\ufffd').replaceAll('/', '.');

/** The keys of a body, which may be the text of one. */
function keysIn(sent: unknown): string[] {
  try {
    return Object.keys(Object(typeof sent === 'string' ? JSON.parse(sent) : sent));
  } catch {
    return [];
  }
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
