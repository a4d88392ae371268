/** A JSON body, and the value of one of its keys as bytes; undefined where the body is no object or has no such key. */
export type Split = { readonly body: unknown; readonly opaque: Uint8Array | undefined };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a JSON body and takes one key out of it: text as it is, anything else as JSON. What no document can be (null, a
 * number, a boolean, a list) stays where it is, for the validation to refuse. Throws a SyntaxError for what is no JSON,
 * a TypeError for what is no UTF-8.
 */
export function takeOpaque(bytes: Uint8Array, key: string): Split {
  const body: unknown = JSON.parse(utf8.decode(bytes));
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
