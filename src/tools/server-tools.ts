import { hintsOf, readsOnly } from './hints.ts';
import { RESERVED } from './names.ts';
import type { Scoped } from './scope.ts';
import { snake } from './snake.ts';

/** A tool as a server lists it: `name` is a string, nothing else is certain. */
type Definition = Readonly<Record<string, unknown>>;

/** First words of names, by the method that they stand for. Those of `list` hold for tools that only read. */
const VERBS = {
  list: ['list', 'search', 'find'],
  get: ['get', 'read', 'fetch'],
  create: ['create', 'add', 'insert'],
  update: ['update', 'edit', 'set', 'patch'],
  delete: ['delete', 'remove'],
} as const;
const WRITES = ['create', 'update', 'delete'] as const;

/**
 * Returns the properties of a server's tool that scopes check. A tool is `list` (its name begins with list, search or
 * find) or `get` only if it is annotated with `readOnlyHint: true` and not with `destructiveHint: true`. Otherwise it
 * is `create`, `update` or `delete` by the first word of its name, or else a custom method with the name of the tool.
 * It has no verb, so no HTTP word selects it. Its tags are the tags of the server.
 */
export function scopedTool(definition: Definition, serverTags: readonly string[]): Scoped {
  return { method: methodOf(definition), tags: serverTags };
}

/** Returns the resource of a server's tool: the part of its name after the verb, or `mcp` if it is empty. */
export function resourceOf(definition: Definition): string {
  const [first = '', ...rest] = wordsOf(definition);
  return rest.length > 0 && Object.values<readonly string[]>(VERBS).flat().includes(first) ? rest.join('_') : 'mcp';
}

function methodOf(definition: Definition): string {
  const [first = ''] = wordsOf(definition);
  const begins = (method: keyof typeof VERBS): boolean => (VERBS[method] as readonly string[]).includes(first);
  if (readsOnly(hintsOf(definition))) {
    return begins('list') ? 'list' : 'get';
  }
  return WRITES.find(begins) ?? customMethod(nameOf(definition));
}

/** Nothing that may change data passes for a `list` or a `read` because it is called so. */
const customMethod = (name: string): string => (RESERVED.includes(name.toLowerCase()) ? `call_${name}` : name);

const nameOf = ({ name }: Definition): string => String(name);
/** `createIssue` and `create-issue` have the words create and issue. */
const wordsOf = (definition: Definition): string[] => snake(nameOf(definition)).split('_');
