import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolve } from '../../src/contract/document.ts';
import { type Postgres, startPostgres } from '../store/support/postgres.ts';
import { askOnce } from '../support/ask-once.ts';
import { call, operations, send } from '../support/client.ts';
import { document, startTestServer, type TestServer } from '../support/server.ts';
import { ask, createWorld, invalidStatus, json, validRequest, type World } from '../support/world.ts';

let server: TestServer;
let world: World;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_CORS_ORIGINS: 'https://app.example.com' } });
  world = await createWorld(server);
});
afterAll(() => server.stop());

const guarded = operations.filter(({ path }) => path !== '/healthz' && path !== '/readyz');

describe.each(guarded)('$id', (operation) => {
  test('403: a page of an unknown origin', async () => {
    const asked = validRequest(operation, world);
    const answer = await ask(server, operation, { ...asked, headers: { Origin: 'https://evil.example.com' } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe.each(json.filter(({ object }) => object.requestBody !== undefined))('$id', (operation) => {
  const refused = async (headers: Record<string, string>, body: unknown) =>
    ask(server, operation, { ...validRequest(operation, world), headers, body });
  const invalid = invalidStatus(operation);

  test.each(['text/plain', 'application/xml', 'application/json; charset=utf-16', 'multipart/form-data', 'json'])(
    '415: %s',
    async (type) => expect((await refused({ 'Content-Type': type }, '{}')).status).toBe(415),
  );
  test('415: an unknown Content-Encoding', async () =>
    expect((await refused({ 'Content-Encoding': 'zip' }, '{}')).status).toBe(415));
  const limit = operation.object['x-body-limit'] ?? 4 * 1024 * 1024;
  const named = limit < 1024 * 1024 ? `${limit / 1024} KiB` : `${limit / 1024 / 1024} MiB`;
  test(`413: more than ${named}`, async () => {
    const answer = await refused({}, `{"name":"${'x'.repeat(limit)}"}`);
    expect(answer.status).toBe(413);
    expect(answer.text).toContain(named);
  });
  test.each([
    ['half of it', '{"name": "x'],
    ['nothing but a comma', ','],
    ['two documents', '{}{}'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])(`${invalid}: %s`, async (_, body) => {
    const answer = await refused({}, body);
    expect(answer.status).toBe(invalid);
    expect(answer.text).toContain('not valid JSON');
  });
  test.each([
    ['no body', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '1'],
  ])(`${invalid}: %s`, async (_, body) => expect((await refused({}, body)).status).toBe(invalid));
  test(`${invalid}: an unknown key, together with the other mistakes`, async () => {
    const answer = await refused({}, { first_nonsense: 1, second_nonsense: 2 });
    expect(answer.status).toBe(invalid);
    expect(answer.text).toContain('body.first_nonsense');
    expect(answer.text).toContain('body.second_nonsense');
  });
  test(`${invalid}: __proto__, NUL, a lone surrogate, a hundred levels`, async () => {
    expect((await refused({}, '{"__proto__": {"name": "x"}}')).text).toContain('body.__proto__');
    expect((await refused({}, { name: 'a\0b' })).text).toContain('U+0000');
    expect((await refused({}, '{"name": "\\ud800"}')).text).toContain('surrogate');
    expect((await refused({}, `{"name": ${'['.repeat(100)}${']'.repeat(100)}}`)).text).toContain('64 levels');
  });
  test('a body in a known encoding is read', async () => {
    const { gzipSync } = await import('node:zlib');
    const answer = await refused({ 'Content-Encoding': 'gzip' }, gzipSync('{"first_nonsense": 1}'));
    expect(answer.text).toContain('body.first_nonsense');
  });
});

describe.each(json)('$id', (operation) => {
  test('an unknown query parameter is refused by name', async () => {
    const answer = await ask(server, operation, { ...validRequest(operation, world), query: { nonsense: 1 } });
    expect(answer.status).toBe(invalidStatus(operation));
    expect(answer.text).toContain('query.nonsense');
  });
});

describe.each(operations)('$path', (operation) => {
  test('405 with Allow: a method that the path does not support', async () => {
    const path = operation.path.replaceAll(/\{\w+\}/g, 'x');
    const known = operations.filter((other) => other.path === operation.path).map(({ method }) => method);
    const method = (['put', 'patch'] as const).find((candidate) => !known.includes(candidate)) ?? 'put';
    const answer = await send(server.url, { ...operation, method }, path, { as: 'nobody' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')?.split(', ')).toContain(operation.method.toUpperCase());
  });
});

describe('the guard for Host and Origin', () => {
  const ask = async (path: string, headers: Record<string, string>) =>
    (await askOnce(server.url, 'get', path, { headers })).status;

  test('refuses another Host, except for probes', async () => {
    expect(await ask('/openapi.json', { Host: 'rebound.example.com' })).toBe(403);
    expect(await ask('/openapi.json', { Host: 'localhost:1' })).toBe(200);
    expect(await ask('/healthz', { Host: 'rebound.example.com' })).toBe(200);
    expect(await ask('/readyz', { Host: 'rebound.example.com' })).toBe(200);
  });

  test('answers preflights of configured origins, and exposes every documented header', async () => {
    const origin = 'https://app.example.com';
    const preflight = await askOnce(server.url, 'options', '/api/mcp-servers', {
      headers: { Origin: origin, 'Access-Control-Request-Method': 'PATCH' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    const answer = await call(server.url, 'listMcpServers', { headers: { Origin: origin } });
    expect(answer.status).toBe(200);
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',');
    const documented = operations.flatMap(({ object }) =>
      Object.values(object.responses).flatMap((response) =>
        Object.keys(resolve<{ readonly headers?: object }>(document, response as object).headers ?? {}),
      ),
    );
    // A browser decides about `Vary` by itself, and shows `Set-Cookie` to no page.
    const hidden = ['Vary', 'Set-Cookie'];
    expect(exposed?.toSorted()).toEqual([...new Set(documented)].filter((name) => !hidden.includes(name)).toSorted());
  });
});

test('404 in the envelope of the API of the path', async () => {
  const ask = async (path: string) => (await askOnce(server.url, 'get', path)).body;
  expect(await ask('/api/nonsense')).toMatchObject({ status: 'error', message: 'Not found' });
  expect(await ask('/admin/api/nonsense')).toMatchObject({ error: { code: 'not_found' } });
  expect(await ask('/integrated-account/x/nonsense')).toMatchObject({ statusCode: 404, error: 'Not Found' });
  expect(await ask('/nonsense')).toMatchObject({ error: { code: 'not_found' } });
});

test('400: a path with invalid encoding', async () => {
  const answer = await askOnce(server.url, 'get', '/api/mcp-servers/%zz');
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ status: 'error' });
});

test('HEAD is answered like GET, without a body', async () => {
  const answer = await askOnce(server.url, 'head', '/healthz');
  expect([answer.status, answer.text]).toEqual([200, '']);
});

describe('with the database gone', () => {
  let postgres: Postgres;
  let cut: TestServer;
  let before: World;
  beforeAll(async () => {
    postgres = await startPostgres();
    cut = await startTestServer({ location: { kind: 'postgres', url: await postgres.createDatabase() } });
    before = await createWorld(cut);
    await postgres.halt();
  });
  afterAll(async () => {
    await cut.stop();
    await postgres.stop();
  });

  test.each(json)('503 with Retry-After: $id', async (operation) => {
    const answer = await ask(cut, operation, validRequest(operation, before));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('readyz fails, healthz does not, and both recover', async () => {
    expect((await call(cut.url, 'getReadiness')).status).toBe(503);
    expect((await call(cut.url, 'getHealth')).status).toBe(200);
    await postgres.resume();
    await expect.poll(async () => (await call(cut.url, 'getReadiness')).status, { timeout: 20_000 }).toBe(200);
    expect((await call(cut.url, 'createOrganization', { body: { name: 'Afterwards' } })).status).toBe(201);
  });
});

test('429 with Retry-After: requests beyond the rate limit of these credentials only', async () => {
  const limited = await startTestServer({ env: { GATEHOUSE_RATE_LIMIT: '3' } });
  const other = (await createOrganizationSlowly(limited)).pair;
  const statuses: number[] = [];
  for (let round = 0; round < 8; round++) {
    const answer = await call(limited.url, 'listMcpServers');
    statuses.push(answer.status);
    if (answer.status === 429) {
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  }
  expect(statuses).toContain(429);
  expect((await call(limited.url, 'listMcpServers', { as: other })).status).toBe(200);
  await limited.stop();
});

/** The operator is limited too; a second apart is slow enough. */
async function createOrganizationSlowly({ url, organizationId }: TestServer) {
  const pair = await call(url, 'createApiKey', { path: { org_id: organizationId }, body: { name: 'other' } });
  return { pair: { apiKey: pair.body.apiKey, apiSecret: pair.body.apiSecret } };
}
