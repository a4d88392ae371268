import { readJson } from '../base/read-json.ts';

/** A JSON body, and the value of one of its keys as bytes; undefined if the body is not an object or lacks the key. */
export type Split = { readonly body: unknown; readonly opaque: Uint8Array | undefined };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a JSON body and removes one key from it: a text stays text, any other value becomes JSON. Values that cannot
 * be a document (null, a number, a boolean, a list) stay in the body, so that the validation refuses them. Throws a
 * SyntaxError for invalid JSON, a TypeError for invalid UTF-8.
 */
export function takeOpaque(bytes: Uint8Array, key: string): Split {
  const body: unknown = readJson(utf8.decode(bytes));
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !Object.hasOwn(body, key)) {
    return { body, opaque: undefined };
  }
  const { [key]: value, ...rest } = body as Record<string, unknown>;
  if (typeof value === 'string' && value !== '') {
    return { body: rest, opaque: new TextEncoder().encode(value) };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { body: rest, opaque: new TextEncoder().encode(JSON.stringify(value)) };
  }
  return { body, opaque: undefined };
}
