import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { installedPackage } from '../../src/base/package-file.ts';
import { ROOT } from '../support/process.ts';

/** The names of the properties that our rules object to, in a document with these properties. */
async function objections(rule: string, properties: object, required: readonly string[] = []): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-lint-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const content = { 'application/json': { schema: { type: 'object', properties, required } } };
  const document = {
    openapi: '3.1.1',
    info: { title: 'x', version: '1' },
    paths: { '/x': { get: { responses: { 200: { description: 'x', content } } } } },
  };
  await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
  const config = { plugins: [join(ROOT, 'openapi/lint.mjs')], rules: { [rule]: 'error' } };
  await writeFile(join(folder, 'redocly.yaml'), JSON.stringify(config));
  const cli = join(installedPackage('@redocly/cli') ?? '', 'bin/cli.js');
  const args = [cli, 'lint', 'openapi.json', '--format', 'json'];
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env }).catch(
    (failed: { readonly stdout: string }) => failed,
  );
  const { problems } = JSON.parse(stdout) as { problems: { location: { pointer: string }[] }[] };
  return problems.map(({ location }) => location[0]?.pointer.split('/').at(-1) ?? '').toSorted();
}

test('listed values have a type that fits each of them', async () => {
  const found = await objections('gatehouse/typed-values', {
    enumWithout: { enum: ['a', 'b'] },
    constWithout: { const: 'a' },
    nullWithout: { type: 'string', enum: ['a', null] },
    wrong: { type: 'integer', const: 'a' },
    fraction: { type: 'integer', enum: [1, 1.5] },
    text: { type: 'string', enum: ['a', 'b'] },
    nullable: { type: ['string', 'null'], enum: ['a', null] },
    flag: { type: 'boolean', const: true },
    number: { type: 'number', enum: [1, 1.5] },
    open: {},
  });
  expect(found).toEqual(['constWithout', 'enumWithout', 'fraction', 'nullWithout', 'wrong']);
});

test('scalars have examples, and required texts a least length, unless their values are listed', async () => {
  const properties = {
    bare: { type: 'string' },
    short: { type: 'string', examples: ['a'] },
    nullable: { type: ['integer', 'null'] },
    whole: { type: 'string', examples: ['a'], minLength: 1 },
    listed: { type: 'string', enum: ['a'] },
    object: { type: 'object' },
  };
  const found = await objections('gatehouse/scalar-properties', properties, ['bare', 'short', 'whole', 'listed']);
  expect(found).toEqual(['bare', 'bare', 'nullable', 'short']);
});
