import { createHash } from 'node:crypto';
import pluralize from 'pluralize';
import type { Site } from './operations.ts';
import { snake } from './snake.ts';
import type { STANDARD_METHODS, Verb } from './types.ts';

/** Characters of a tool's name; a longer name, or one taken twice, is cut to 55 and ends in `_` and 8 hex digits. */
const MAX_NAME_CHARS = 64;
/** Characters of a name that is cut. */
export const CUT_CHARS = 55;
/** Words with a fixed meaning in a scope's `methods`: no custom method may have these names. */
export const RESERVED: readonly string[] = ['list', 'get', 'create', 'update', 'delete', 'read', 'write', 'custom'];

/** The parts of the identity of a tool. */
export type Identity = { readonly resource: string; readonly method: string };

/**
 * Names an operation inside its integration, by the rules of `naming` 1. A segment that contains a `{…}` is a parameter. A
 * path without a static segment has the resource `root`. If a custom method would have the name of a standard method or a
 * group of methods, its operationId is ignored: an operation that changes data must never pass for a `list` or a `read`.
 */
export function identityByFirstNaming({ verb, path, hasPatch, operation: { operationId } }: Site): Identity {
  const segments = path.split('/').filter((segment) => segment !== '');
  const statics = segments.filter((segment) => !segment.includes('{')).map(snake);
  const resource = statics.filter((segment) => segment !== '').join('_') || 'root';
  const last = segments.at(-1) ?? '';
  const standard = standardMethod(verb, last.includes('{'), hasPatch);
  return { resource, method: standard ?? customMethod(verb, last, operationId) };
}

/** The name of a custom method: its operationId, or else its verb and the last segment of its path. */
export function customMethod(verb: Verb, last: string, operationId: unknown): string {
  const id = typeof operationId === 'string' ? snake(operationId) : '';
  const named = id !== '' && !RESERVED.includes(id);
  return named ? id : `${verb.toLowerCase()}_${snake(last) || 'root'}`;
}

/**
 * The standard method of a verb on a collection, or on one object; null if the method is custom. `hasPatch`: the path has
 * a PATCH, even if it gives no tool.
 */
export function standardMethod(
  verb: Verb,
  onOne: boolean,
  hasPatch: boolean,
): (typeof STANDARD_METHODS)[number] | null {
  if (verb === 'GET') {
    return onOne ? 'get' : 'list';
  }
  if (verb === 'POST' && !onOne) {
    return 'create';
  }
  if (verb === 'PATCH' || (verb === 'PUT' && !hasPatch)) {
    return onOne ? 'update' : null;
  }
  return verb === 'DELETE' && onOne ? 'delete' : null;
}

/**
 * Returns the name of a tool before the checks of length and duplicates. The last word of a resource becomes singular, by
 * the rules of `naming` 1 unless others are given.
 */
export function plainName(integration: string, { resource, method }: Identity, singular = pluralize.singular): string {
  const prefix = snake(integration);
  const words = resource.split('_');
  const one = [...words.slice(0, -1), singular(words.at(-1) ?? '')].join('_');
  switch (method) {
    case 'list':
      return `list_all_${prefix}_${resource}`;
    case 'get':
      return `get_single_${prefix}_${one}_by_id`;
    case 'create':
      return `create_a_${prefix}_${one}`;
    case 'update':
    case 'delete':
      return `${method}_a_${prefix}_${one}_by_id`;
    default:
      return `${prefix}_${one}_${method}`;
  }
}

/**
 * Returns the final names of all tools of a document; null if even the name with the hash is taken twice. They depend
 * only on the set of operations, not on their order. `cut` shortens a name to 55 characters.
 */
export function finalNames(
  tools: readonly { readonly plain: string; readonly verb: Verb; readonly path: string }[],
  cut = (plain: string): string => plain.slice(0, CUT_CHARS),
): (string | null)[] {
  const hashed = tools.map(({ plain, verb, path }) => {
    const digest = createHash('sha256').update(`${verb} ${path}`).digest('hex').slice(0, 8);
    return `${cut(plain)}_${digest}`;
  });
  const plainCount = countOf(tools.map(({ plain }) => plain));
  const hashedCount = countOf(hashed);
  // A plain name that looks like another tool's hashed one gets a hash too: whoever comes first must not decide.
  const isPlain = ({ plain }: { plain: string }): boolean =>
    plain.length <= MAX_NAME_CHARS && plainCount.get(plain) === 1 && !hashedCount.has(plain);
  return tools.map((tool, index) => {
    const name = hashed[index] ?? '';
    return isPlain(tool) ? tool.plain : hashedCount.get(name) === 1 ? name : null;
  });
}

/** How often each name occurs. */
export function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
