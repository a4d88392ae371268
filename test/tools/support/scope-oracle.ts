import type { Scope, Scoped } from '../../../src/tools/scope.ts';

export const TAGS = ['crm', 'CRM', 'cheap'];
/** Words of scopes: verbs, methods, groups and others, in several cases. */
export const WORDS = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'Get', 'Post', 'patch', 'DELETe'],
  ...[
    'list',
    'LIST',
    'get',
    'create',
    'Create',
    'update',
    'delete',
    'read',
    'READ',
    'write',
    'Write',
    'custom',
    'CUSTOM',
  ],
  ...['search', 'SEARCH', 'download_file', 'DOWNLAOD', 'constructor', ''],
];
export const TAG_FILTERS: Scope[] = [
  {},
  ...Array.from({ length: 8 }, (_, bits) => ({ tags: TAGS.filter((_tag, bit) => bits & (1 << bit)) })),
  { tags: ['unknown'] },
];

/** The rule of the wire page a second time: the set of tools that each word stands for. */
export function expectedOf<T extends Scoped>(tools: readonly T[], { methods, tags }: Scope): T[] {
  const byMethod = (...names: string[]) => tools.filter((tool) => names.includes(tool.method.toLowerCase()));
  const standard = byMethod('list', 'get', 'create', 'update', 'delete');
  const chosen = new Set<Scoped>();
  for (const word of methods ?? []) {
    let found: readonly Scoped[];
    if (/^(GET|POST|PUT|PATCH|DELETE)$/.test(word)) {
      found = tools.filter((tool) => tool.verb === word);
    } else if (/^read$/i.test(word)) {
      found = byMethod('list', 'get');
    } else if (/^write$/i.test(word)) {
      found = byMethod('create', 'update', 'delete');
    } else if (/^custom$/i.test(word)) {
      found = tools.filter((tool) => !standard.includes(tool));
    } else {
      found = byMethod(word.toLowerCase());
    }
    for (const tool of found) {
      chosen.add(tool);
    }
  }
  return tools.filter(
    (tool) =>
      (methods === undefined || chosen.has(tool)) &&
      (tags === undefined || new Set([...tags, ...tool.tags]).size < tags.length + tool.tags.length),
  );
}
