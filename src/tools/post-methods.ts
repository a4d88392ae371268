import { snake } from './snake.ts';

/** The methods that words of a POST stand for. */
const WORDS = {
  delete: ['delete', 'remove', 'revoke', 'cancel', 'destroy', 'purge'],
  update: ['update', 'edit', 'set', 'patch', 'rename'],
  list: ['list', 'search', 'query', 'find'],
  get: ['get', 'read', 'fetch', 'export'],
} as const;
/** Words of operations that make or change something. */
const OTHER_WRITES = [
  ...['create', 'add', 'insert', 'upsert', 'save', 'store', 'new', 'make', 'generate', 'register', 'issue'],
  ...[
    'send',
    'post',
    'put',
    'write',
    'upload',
    'import',
    'replace',
    'merge',
    'move',
    'copy',
    'submit',
    'start',
    'stop',
  ],
  ...['run', 'execute', 'apply', 'approve', 'reject', 'enable', 'disable', 'reset', 'rotate', 'archive', 'restore'],
];
/** Words before a verb that say how many are meant. */
const AMOUNTS = ['batch', 'bulk', 'multi', 'all', 'mass'];

/** A method that the words of a POST stand for. */
export type PostMethod = keyof typeof WORDS;

/**
 * Returns the method that a POST on a static path says: by the last word of the path, or by the first or last word of the
 * operationId. Null means `create`.
 *
 * A word of removal always counts: a scope without `delete` must not delete. For the others, a noun must not pass for a
 * verb (`price_list`, `record_set`): such a word of the path counts if it stands alone, or if the operationId agrees. A
 * read is one only if nothing in the names says that it changes something, and if `canRead`: its body is one that a read
 * can have.
 */
export function postMethod(lastSegment: string, operationId: unknown, canRead: boolean): PostMethod | null {
  const path = wordsOf(lastSegment.split('.').at(-1) ?? '');
  const id = typeof operationId === 'string' ? operationId : '';
  const all = wordsOf(id);
  const last = wordsOf(id.split(/[/.:]/).at(-1) ?? '');
  const idMethod = [all.at(0), last.at(0), all.at(-1)].map(methodOf).find((method) => method !== null) ?? null;
  const pathMethod = methodOf(path.at(-1));
  const isAlone = path.slice(0, -1).every((word) => AMOUNTS.includes(word));
  const agrees = idMethod !== null && isRead(idMethod) === isRead(pathMethod);
  const said = isAlone || agrees ? pathMethod : null;
  if (pathMethod === 'delete' || idMethod === 'delete') {
    return 'delete';
  }
  if (said === 'update' || (said === null && idMethod === 'update')) {
    return idMethod === 'create' ? null : 'update';
  }
  const method = said ?? idMethod;
  const changes = [...path, ...all].some((word) => isWrite(methodOf(word)));
  return method !== null && isRead(method) && canRead && !changes ? (method as PostMethod) : null;
}

type Said = PostMethod | 'create' | null;

function methodOf(word: string | undefined): Said {
  const found = Object.entries(WORDS).find(([, words]) => (words as readonly string[]).includes(word ?? ''));
  return found === undefined ? (OTHER_WRITES.includes(word ?? '') ? 'create' : null) : (found[0] as PostMethod);
}

const isRead = (method: Said): boolean => method === 'list' || method === 'get';
const isWrite = (method: Said): boolean => method !== null && !isRead(method);

const wordsOf = (text: string): string[] =>
  snake(text)
    .split('_')
    .filter((word) => word !== '');
