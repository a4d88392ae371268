import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/canonical-json.ts';

/** A tool as its server lists it; only the name is checked. */
export type Definition = Readonly<Record<string, unknown>> & { readonly name: string };

/**
 * Returns the SHA-256, in hexadecimal, of the canonical JSON of a definition. It covers everything that a client
 * receives, because any member may change what the client shows or does. The order of members does not matter.
 */
export const hashDefinition = (definition: Definition): string =>
  createHash('sha256').update(canonicalJson(definition)).digest('hex');
