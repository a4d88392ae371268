import { createHash } from 'node:crypto';
import { isObject } from '../base/json.ts';

/** A tool as its server lists it. */
export type Definition = Readonly<Record<string, unknown>> & { readonly name: string };

/** What of a definition a person has seen when they approve it: everything that a model or a client acts by. */
const HASHED = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/** SHA-256, in hexadecimal, over the canonical JSON of what a definition says: the order of members does not matter. */
export const definitionHash = (definition: Definition): string =>
  createHash('sha256')
    .update(canonical(Object.fromEntries(HASHED.map((key) => [key, definition[key]]))))
    .digest('hex');

/** JSON without spaces, the members of objects sorted (as RFC 8785 does, but with numbers as they were written). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  if (isObject(value)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
