import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { roomOf } from './floors.ts';
import { readImports, SOURCES } from './imports.ts';

/** Programs that ask the server over HTTP: the wire format is all that they know of it. */
const CLIENTS = ['cli', 'client', 'sandbox', 'suite'];
/** Rooms that are about HTTP itself. */
const HTTP = ['contract', 'docs', 'egress', 'gateway', 'http', 'mock', 'platform'];

const isDoor = (file: string): boolean => /(?:[/-]handlers|\/wire)\.ts$/.test(file);
const codes = new Map(
  SOURCES.filter((file) => !CLIENTS.includes(roomOf(file))).map((file) => [file, readSource(file)]),
);

/** To parse every file takes seconds: it is done once. */
const texts = new Map([...codes].map(([file, code]) => [file, textsIn(code)]));

test('only doors write the ids of the Servers API', () => {
  expect(filesWith(/(?:^|[^a-z])mcp_$/)).toEqual(['src/audit/wire.ts', 'src/servers/wire.ts']);
});

test('only doors read the header If-Match', () => {
  expect(filesWith(/^if-match$/i)).toEqual([
    'src/accounts/account-handlers.ts',
    'src/accounts/endpoint-handlers.ts',
    'src/accounts/integration-handlers.ts',
    'src/operator/organization-handlers.ts',
    'src/operator/shared-server-handlers.ts',
    'src/servers/handlers.ts',
    'src/servers/webhook-handlers.ts',
  ]);
});

test('only doors name places in a body', () => {
  expect(filesWith(/^body\./)).toEqual([
    'src/accounts/endpoint-handlers.ts',
    'src/accounts/integration-handlers.ts',
    'src/accounts/tool-approval-handlers.ts',
    'src/operator/credential-handlers.ts',
    'src/platform/session-handlers.ts',
  ]);
});

test('only doors, and folders about HTTP, write headers of answers', () => {
  const found = filesWith(/^(?:Allow|ETag|Location|Retry-After|WWW-Authenticate)$/);
  expect(found).toContain('src/http/errors.ts');
  expect(found.filter((file) => !isDoor(file) && !HTTP.includes(roomOf(file)))).toEqual([]);
});

test('rules do not import doors', () => {
  const doors = readImports().filter(({ to }) => isDoor(to) && to !== 'src/audit/wire.ts');
  expect(doors.length).toBeGreaterThan(8);
  // The app is made of all doors, the gateway of its own, and the mock of those without state.
  const makers = ['src/app.ts', 'src/gateway/router.ts', 'src/mock/app.ts'];
  expect(doors.filter(({ from }) => !isDoor(from) && !makers.includes(from))).toEqual([]);
});

test('doors do not choose the database handle', () => {
  const doors = [...codes].filter(
    ([file]) => isDoor(file) && ['accounts', 'operator', 'servers'].includes(roomOf(file)),
  );
  expect(doors.length).toBeGreaterThan(8);
  expect(doors.filter(([, code]) => /\bstore\.(?:slowRead|read|write|writeFor)\b/.test(code))).toEqual([]);
});

test('no cast turns a value into a type of the document', () => {
  const casts = SOURCES.flatMap((file) =>
    [...readSource(file).matchAll(/\bas (?:NonNullable<)?(?:Schemas|Wire|components)\b.*/g)].map(
      ([cast]) => `${file}: ${cast}`,
    ),
  );
  expect(casts).toEqual([]);
});

test('JSON of others is parsed by readJson, since JSON.parse mistakes names', () => {
  const parsing = SOURCES.filter((file) => /^(?!\s*\*).*\bJSON\.parse\(/m.test(readSource(file)));
  // The others parse one string, a file of the package, or text that the process or the user of a command wrote.
  expect(parsing).toEqual([
    'src/base/read-json.ts',
    'src/base/split-json.ts',
    'src/cli/cli.ts',
    'src/contract/bundle.ts',
    'src/docs/errors-page.ts',
    'src/docs/published.ts',
    'src/gateway/repeated-members.ts',
    'src/mock/prism.ts',
    'src/runtime/message-members.ts',
    'src/suite/answer-check.ts',
    'src/telemetry/terminal-log.ts',
  ]);
});

test('texts in all forms are found, and comments are ignored', () => {
  const code = `/** \`a\` */ const b = 'c' + \`d\${{ e: \`f\${g}h\` }}i\`; type J = 'k'; // 'l'`;
  expect(textsIn(code)).toEqual(['c', 'd', 'e', 'f', 'h', 'i', 'k']);
});

function readSource(file: string): string {
  return readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
}

function filesWith(pattern: RegExp): string[] {
  return [...texts].filter(([, inFile]) => inFile.some((text) => pattern.test(text))).map(([file]) => file);
}

/** The texts of a program: strings, the parts of templates, and the names of properties. */
function textsIn(code: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push(node.text);
    } else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) {
      found.push(node.name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest));
  return found;
}
