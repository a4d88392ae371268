import { arrayOf, type Node, nodeOf } from './nodes.ts';
import type { Site } from './operations.ts';
import { serversOf } from './service.ts';
import type { Access, Requirement } from './types.ts';

/** Different accesses of one document, and their size as JSON in bytes: what they cost is paid at every call. */
const MAX_ACCESSES = 1000;
const MAX_BYTES = 64 * 1024;

/** What the operations of one document demand of a caller. */
export type Accesses = {
  /** Every different access so far. */
  readonly all: readonly Access[];
  /**
   * Returns the index of an operation's access in `all`; undefined if the document says nothing of security anywhere,
   * and null for one access too many.
   */
  readonly of: (site: Site) => number | undefined | null;
};

/** Creates the collection of a document with these operations. */
export function createAccesses(document: Node, sites: readonly Site[]): Accesses {
  const isSecured = [document, ...sites.map(({ operation }) => operation)].some(({ security }) => isList(security));
  const indices = new Map<string, number>();
  const all: Access[] = [];
  let bytes = 0;
  return {
    all,
    of: ({ operation, item }) => {
      if (!isSecured) {
        return undefined;
      }
      const requirements = requirementsOf(isList(operation.security) ? operation.security : document.security);
      const [server] = serversOf(operation.servers ?? item.servers);
      const access: Access = { requirements, ...(server !== undefined && { server }) };
      const key = JSON.stringify(access);
      const known = indices.get(key);
      if (known !== undefined) {
        return known;
      }
      bytes += Buffer.byteLength(key);
      if (all.length === MAX_ACCESSES || bytes > MAX_BYTES) {
        return null;
      }
      indices.set(key, all.length);
      return all.push(access) - 1;
    },
  };
}

const isList = (value: unknown): boolean => Array.isArray(value);

/** The alternatives of `security`; an operation without any in a document with some demands nothing. */
const requirementsOf = (security: unknown): Requirement[] =>
  arrayOf(security).map((requirement) => Object.keys(nodeOf(requirement)));
