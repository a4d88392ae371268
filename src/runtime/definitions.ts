import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/canonical-json.ts';

/** A tool as its server lists it. */
export type Definition = Readonly<Record<string, unknown>> & { readonly name: string };

/**
 * SHA-256, in hexadecimal, over the canonical JSON of a definition: everything that a client is handed, for nobody knows what
 * it shows or acts by. The order of members does not matter.
 */
export const hashDefinition = (definition: Definition): string =>
  createHash('sha256').update(canonicalJson(definition)).digest('hex');
