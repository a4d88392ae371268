import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type RequestBody, resolve, type Schema } from '../../src/contract/document.ts';
import type { OperationId } from '../../src/contract/operations.ts';
import { operation } from '../support/client.ts';
import { ROOT } from '../support/process.ts';
import { document } from '../support/server.ts';

const rows = readFileSync(join(ROOT, 'docs/seeds.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d{3} /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, seed = '', theirs = '', ours = '', file = '']) => ({ seed, theirs, ours, file }));

describe.each(rows)('seed $seed: $theirs', ({ theirs, ours, file }) => {
  test(`is ${ours} of the document`, () => {
    const [component = '', property] = ours.split('.');
    const { schemas = {}, securitySchemes = {} } = document.components;
    if (component === 'securitySchemes') {
      expect(securitySchemes).toHaveProperty(property ?? '');
      return;
    }
    const schema = resolve<Schema>(document, schemas[component] as Schema);
    expect(schema).toBeDefined();
    if (property !== undefined) {
      expect(schema.properties).toHaveProperty(property);
    }
  });

  test(`is sent or expected by ${file}`, () => {
    expect([...namesIn(file)]).toContain(theirs.split('.').at(-1));
  });
});

const namesOfFiles = new Map<string, ReadonlySet<string>>();

/** The fields that a test sends in a request or names in an assertion, those of JSON in its texts too. */
function namesIn(file: string): ReadonlySet<string> {
  const known = namesOfFiles.get(file);
  if (known !== undefined) {
    return known;
  }
  const names = new Set<string>();
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (
      (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) &&
      !ts.isComputedPropertyName(node.name)
    ) {
      names.add(node.name.text);
    } else if (ts.isBindingElement(node)) {
      names.add((node.propertyName ?? node.name).getText(source));
    } else if (ts.isPropertyAccessExpression(node)) {
      names.add(node.name.text);
    } else if (ts.isStringLiteralLike(node)) {
      for (const [, name = ''] of node.text.matchAll(/"([\w-]+)":/g)) {
        names.add(name);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  namesOfFiles.set(file, names);
  return names;
}

/** The pages themselves, where they are at hand. */
const SEEDS = join(ROOT, '../shared/seeds');
const page = (number: string) => {
  const name = existsSync(SEEDS) ? readdirSync(SEEDS).find((file) => file.startsWith(number)) : undefined;
  return name === undefined ? undefined : readFileSync(join(SEEDS, name), 'utf8');
};

/** Every JSON object that stands in a text. */
function objectsIn(text: string): unknown[] {
  return [...text.matchAll(/(?<=')\{|(?<=')\n\{/g)].flatMap(({ index }) => {
    for (let end = text.indexOf('}', index); end !== -1; end = text.indexOf('}', end + 1)) {
      try {
        return [JSON.parse(text.slice(index, end + 1))];
      } catch {
        // It goes on.
      }
    }
    return [];
  });
}

const keys = (value: unknown, at: string): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, member]) => [`${at}.${key}`, ...keys(member, `${at}.${key}`)])
    : [];

/** The first named examples of an operation's request and of its 200. */
function firstExamples(id: OperationId) {
  const { object, body } = operation(id);
  const first = (content: RequestBody['content'] | undefined) =>
    Object.values(content?.['application/json']?.examples ?? {})[0]?.value;
  return { request: first(body?.content), answer: first(object.responses['200']?.content) };
}

test.skipIf(page('002') === undefined)('seed 002: the table is complete, and the first examples are the page’s', () => {
  const text = page('002') ?? '';
  const [request, answer] = objectsIn(text);
  const headers = [...text.matchAll(/--header '(X-[A-Z-]+):/g)].map(([, name]) => `header.${name}`);
  const shown = new Set(['path.mcpServerId', ...headers, ...keys(request, 'request'), ...keys(answer, 'answer')]);
  expect(new Set(rows.filter(({ seed }) => seed === '002').map(({ theirs }) => theirs))).toEqual(shown);
  const first = firstExamples('updateMcpServer');
  expect(JSON.stringify(first.request)).toBe(JSON.stringify(request));
  expect(JSON.stringify(first.answer)).toBe(JSON.stringify(answer));
});

/** The values of this page are placeholders. */
test.skipIf(page('003') === undefined)('seed 003: the table is complete, and the first examples have its keys', () => {
  const [request, answer] = objectsIn(page('003') ?? '');
  const shown = ['path.mcp_id', ...keys(request, 'request'), ...keys(answer, 'answer')];
  expect(rows.filter(({ seed }) => seed === '003').map(({ theirs }) => theirs)).toEqual(shown);
  const first = firstExamples('updateSharedServer');
  expect(keys(first.request, 'request')).toEqual(keys(request, 'request'));
  const ours = ['answer.data.mcpServer.encodingErrorHandler', 'answer.reload.status'];
  const answered = keys(first.answer, 'answer');
  expect(answered.filter((key) => !ours.includes(key))).toEqual(keys(answer, 'answer'));
  expect(answered).toEqual(expect.arrayContaining(ours));
});

/** Names that a page lists with a type: `configobject` on a line, or `config` on one and `object` on the next. */
const TYPE = String.raw`(?:object|string\[\]|string)(?:\s·\s[\w-]+)?`;
const listed = (text: string, separator: string): Set<string> =>
  new Set([...text.matchAll(new RegExp(`^([a-z_]+)${separator}${TYPE}$`, 'gm'))].map(([, name]) => name ?? ''));

test.each(
  [
    ['000', ''],
    ['001', String.raw`\n`],
  ].filter(([number = '']) => page(number) !== undefined),
)('seed %s: the table names every field that the page lists', (number = '', separator = '') => {
  const text = page(number) ?? '';
  const names = rows.filter(({ seed }) => seed === number).map(({ theirs }) => theirs.split('.').at(-1) ?? '');
  expect(new Set(names)).toEqual(listed(text, separator));
});

test.skipIf(page('004') === undefined)('seed 004: the table names what the literal request and the notes show', () => {
  const text = page('004') ?? '';
  const examples = rows.filter(({ seed, theirs }) => seed === '004' && theirs.startsWith('answer.'));
  expect(examples).toHaveLength(12);
  for (const value of ['4f1c5e0b6c2d4f8a9b3c5d7e9f0a1b2c', '0c1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8', '["list","get"]']) {
    expect(text).toContain(value);
  }
});
