import { expect, test } from 'vitest';
import { CATALOGUE } from '../../src/base/errors.ts';
import { resolve } from '../../src/contract/document.ts';
import { type DocsSchema, docsGroups } from '../../src/docs/document.ts';
import { GUIDES } from '../../src/docs/guides.ts';
import { llmsIndex, operationPage } from '../../src/docs/markdown.ts';
import { samplesOf } from '../../src/docs/samples.ts';
import { fieldsOf, typeOf } from '../../src/docs/schemas.ts';
import { document, operations } from './support.ts';

const SERVER = 'https://gatehouse.example.com/gw';
const byId = new Map(operations.map((operation) => [operation.id, operation]));

test('every operation of the document is told once', () => {
  const documented = Object.values(document.paths).flatMap((item) =>
    Object.values(item).flatMap((member) => (member as { operationId?: string }).operationId ?? []),
  );
  expect(operations.map(({ id }) => id).toSorted()).toEqual(documented.toSorted());
});

test.each(operations.map((operation) => [operation.id, operation] as const))(
  'the page of %s says it all',
  (_, told) => {
    const page = operationPage(document, told, SERVER);
    expect(page.startsWith(`# ${told.summary}\n`)).toBe(true);
    expect(page).toContain(`${told.method} ${told.path}`);
    expect(page).toContain(told.description);
    for (const { header, permissions } of told.credentials) {
      expect(page).toContain(`\`${header}: `);
      expect(permissions.every((permission) => page.includes(`\`${permission}\``))).toBe(true);
    }
    for (const { name, description = '' } of told.parameters) {
      expect(page).toContain(`| \`${name}\` |`);
      expect(page).toContain(description);
    }
    for (const [status, response] of told.responses) {
      expect(page).toMatch(status === 'default' ? /^### Any other status$/m : new RegExp(`^### ${status} `, 'm'));
      expect(page).toContain(response.description);
      expect(Object.keys(response.headers ?? {}).every((name) => page.includes(`- \`${name}\`: `))).toBe(true);
    }
    const media = [told.body, ...told.responses.map(([, response]) => response)].flatMap((holder) =>
      Object.values(holder?.content ?? {}),
    );
    for (const { schema = {}, examples = {} } of media) {
      const { properties = {} } = resolve<DocsSchema>(document, schema);
      expect(Object.keys(properties).every((name) => page.includes(`\`${name}\``))).toBe(true);
      for (const [name, { value }] of Object.entries(examples)) {
        expect(page).toContain(`Example \`${name}\``);
        expect(page).toContain(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
      }
    }
    for (const { source } of samplesOf(told, SERVER)) {
      expect(page).toContain(source);
    }
    const fences = page.match(/^```/gm) ?? [];
    expect(fences.length % 2).toBe(0);
  },
);

test('fields are readable: where they are, what they may be, whether they must be there', () => {
  const page = operationPage(document, byId.get('createMcpServer') as never, SERVER);
  expect(page).toContain('| `name` | string, 1 to 128 characters | yes |');
  expect(page).toMatch(
    /\| `approval_policy` \| one of `auto_approve_all`, .*, default `require_approval_all` \| no \|/,
  );
  expect(page).toContain('| `data.request_headers.*` |');
  expect(operationPage(document, byId.get('listMcpServers') as never, SERVER)).toContain('| `data.servers[].tags` |');
  expect(operationPage(document, byId.get('updateApprovalPolicy') as never, SERVER)).toContain(
    'Permissions: `servers`, `approvals`',
  );
});

test('an example that is named after a code of the catalogue leads to its entry', () => {
  const lines = operations.flatMap(
    (operation) => operationPage(document, operation, SERVER).match(/^Example `.*$/gm) ?? [],
  );
  const named = lines.filter((line) => Object.hasOwn(CATALOGUE, /`(\w+)`/.exec(line)?.[1] ?? ''));
  expect(named.length).toBeGreaterThan(500);
  expect(
    named.filter((line) => !/^Example `(\w+)`(?: \(\d{3}\))?: .* \(\[what to do\]\(errors\.md#\1\)\)$/.test(line)),
  ).toEqual([]);
  expect(lines.filter((line) => line.includes('errors.md'))).toEqual(named);
});

test('a schema inside itself ends, and variants are all told', () => {
  const tree = {
    type: 'object',
    properties: { child: { $ref: '#/components/schemas/Tree' }, name: { type: 'string' } },
  };
  const recursive = { ...document, components: { schemas: { Tree: tree } } };
  expect(fieldsOf(recursive, { $ref: '#/components/schemas/Tree' }).map(({ path }) => path)).toEqual(['child', 'name']);
  const variants: DocsSchema = {
    oneOf: [{ type: 'string' }, { type: 'object', required: ['a'], properties: { a: { const: 1 } } }],
  };
  expect(typeOf(document, variants)).toBe('string or object');
  expect(fieldsOf(document, variants)).toEqual([{ path: 'a', type: 'always `1`', required: true, description: '' }]);
});

test('llms.txt has the form of llmstxt.org and links every page, and only pages that are there', () => {
  const index = llmsIndex(document, `${SERVER}/`);
  const [title, summary] = index.split('\n\n');
  expect(title).toBe(`# ${document.info.title}`);
  expect(summary).toMatch(/^> \S/);
  expect([...index.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual([
    ...docsGroups(document).map(({ name }) => name),
    'Guides',
  ]);
  const links = [...index.matchAll(/^- \[([^\]]+)\]\(([^)]+)\): \S/gm)].map(([, , target]) => target);
  expect(links).toEqual([
    ...operations.map(({ id }) => `${SERVER}/docs/${id}.md`),
    ...GUIDES.map(({ name }) => `${SERVER}/docs/${name}.md`),
    `${SERVER}/openapi.json`,
  ]);
  expect(index.match(/^- /gm)).toHaveLength(links.length);
});

test('without a base, all links of llms.txt are relative', () => {
  const targets = [...llmsIndex(document, '').matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  expect(targets.filter((target) => /^(?:\/|[a-z]+:)/.test(target ?? ''))).toEqual([]);
  expect(targets.length).toBeGreaterThan(operations.length);
});

test('an example of a default response says its status', () => {
  const told = byId.get('listMcpServers');
  const page = told === undefined ? '' : operationPage(document, told, SERVER);
  expect(page).toContain('Example `rate_limited` (429): Too many requests');
  expect(page).toContain('Example `last_page`: The last of two pages');
});
