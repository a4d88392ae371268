import { describe, expect, test } from 'vitest';
import { matches } from '../../src/tools/scope.ts';
import { resourceOf, scopedTool } from '../../src/tools/server-tools.ts';

const READS = { readOnlyHint: true };
const tool = (name: string, annotations?: unknown) => ({ name, ...(annotations !== undefined && { annotations }) });
const methodOf = (name: string, annotations?: unknown) => scopedTool(tool(name, annotations), []).method;

/** Names, the method of a tool that only reads, of any other, and the resource of both. */
const NAMES: readonly [name: string, reads: string, other: string, resource: string][] = [
  ['list_issues', 'list', 'list_issues', 'issues'],
  ['listIssues', 'list', 'listIssues', 'issues'],
  ['List-Issues', 'list', 'List-Issues', 'issues'],
  ['search_code_and_docs', 'list', 'search_code_and_docs', 'code_and_docs'],
  ['find.user', 'list', 'find.user', 'user'],
  ['get_issue', 'get', 'get_issue', 'issue'],
  ['read_file', 'get', 'read_file', 'file'],
  ['fetch', 'get', 'fetch', 'mcp'],
  ['listening_ports', 'get', 'listening_ports', 'mcp'],
  ['create_issue', 'get', 'create', 'issue'],
  ['addComment', 'get', 'create', 'comment'],
  ['insert_row', 'get', 'create', 'row'],
  ['update_issue', 'get', 'update', 'issue'],
  ['edit-file', 'get', 'update', 'file'],
  ['set_status', 'get', 'update', 'status'],
  ['PATCH_issue', 'get', 'update', 'issue'],
  ['delete_issue', 'get', 'delete', 'issue'],
  ['removeLabel', 'get', 'delete', 'label'],
  ['create', 'get', 'create', 'mcp'],
  ['github_create_issue', 'get', 'github_create_issue', 'mcp'],
  ['created_issues', 'get', 'created_issues', 'mcp'],
  ['run', 'get', 'run', 'mcp'],
  ['日本', 'get', '日本', 'mcp'],
  ['_', 'get', '_', 'mcp'],
  // Words of scopes that mean something else.
  ['list', 'list', 'call_list', 'mcp'],
  ['LIST', 'list', 'call_LIST', 'mcp'],
  ['get', 'get', 'call_get', 'mcp'],
  ['Read', 'get', 'call_Read', 'mcp'],
  ['write', 'get', 'call_write', 'mcp'],
  ['custom', 'get', 'call_custom', 'mcp'],
];

/** Annotations, and whether they make a tool one that only reads. */
const ANNOTATIONS: readonly [annotations: unknown, reads: boolean][] = [
  [undefined, false],
  [null, false],
  ['readOnlyHint', false],
  [[true], false],
  [{}, false],
  [{ readOnlyHint: false }, false],
  [{ readOnlyHint: 'true' }, false],
  [{ readOnlyHint: 1 }, false],
  [{ readOnlyHint: null }, false],
  [{ readOnlyHint: true }, true],
  [{ readOnlyHint: true, destructiveHint: false }, true],
  [{ readOnlyHint: true, destructiveHint: 'true' }, true],
  [{ readOnlyHint: true, destructiveHint: true }, false],
  [{ readOnlyHint: false, destructiveHint: true }, false],
  [{ destructiveHint: false }, false],
  [{ idempotentHint: true, openWorldHint: false }, false],
];

describe.each(NAMES)('%s', (name, reads, other, resource) => {
  test.each(ANNOTATIONS)('annotated %j', (annotations, onlyReads) => {
    expect(methodOf(name, annotations)).toBe(onlyReads ? reads : other);
    expect(resourceOf(tool(name, annotations))).toBe(resource);
  });

  test('a name alone makes no tool a list, a get or a read', () => {
    const scoped = scopedTool(tool(name), []);
    for (const word of ['list', 'get', 'read', 'LIST', 'GET', 'Get', 'Read', 'READ']) {
      expect([word, matches(scoped, { methods: [word] })]).toEqual([word, false]);
    }
  });

  test('no HTTP word selects it', () => {
    for (const annotations of [undefined, READS]) {
      const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
      expect(matches(scopedTool(tool(name, annotations), []), { methods })).toBe(false);
    }
  });

  test('its custom method selects it', () => {
    for (const annotations of [undefined, READS]) {
      const scoped = scopedTool(tool(name, annotations), []);
      expect(matches(scoped, { methods: [scoped.method.toLowerCase()] })).toBe(true);
    }
  });
});

test('tags are those of the server', () => {
  expect(scopedTool(tool('run'), ['files', 'slow'])).toEqual({ method: 'run', tags: ['files', 'slow'] });
});
