import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationId } from '../../src/contract/operations.ts';
import { call } from '../support/client.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: 'https://localhost' } });
});
afterAll(() => server.stop());

const DOCUMENTS: [OperationId, string][] = [
  ['getDocs', '/docs'],
  ['getDocsPage', '/docs/errors.md'],
  ['getDocsPage', '/docs/errors.html'],
  ['getLlmsTxt', '/llms.txt'],
  ['getOpenApiJson', '/openapi.json'],
  ['getOpenApiYaml', '/openapi.yaml'],
];

/** The head and the body of an answer, as they came. */
async function get(path: string, headers: string, method = 'GET') {
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;
  const { text, isEnded } = await rawClient(server.url, head);
  await expect.poll(isEnded, { timeout: 20_000 }).toBe(true);
  const end = text().indexOf('\r\n\r\n');
  return { head: text().slice(0, end), bytes: Buffer.from(text().slice(end + 4), 'latin1') };
}
const tagIn = (head: string): string => /^etag: (.*)\r$/im.exec(head)?.[1] ?? '';

describe.each(DOCUMENTS)('%s %s', (id, path) => {
  const page = { path: { page: path.slice('/docs/'.length) }, as: 'nobody' } as const;

  test('304: what the client has already', async () => {
    const { headers } = await call(server.url, id, page);
    const tag = headers.get('etag') ?? '';
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await call(server.url, id, { ...page, headers: { 'If-None-Match': known } });
      expect([again.status, again.text, again.headers.get('etag')], known).toEqual([304, '', tag]);
    }
    expect((await call(server.url, id, { ...page, headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
  });

  test('200: in the coding that the client reads, each with a tag of its own', async () => {
    const plain = await get(path, '');
    const [br, gzip] = [await get(path, 'Accept-Encoding: gzip, br\r\n'), await get(path, 'Accept-Encoding: gzip\r\n')];
    const refused = await get(path, 'Accept-Encoding: br;q=0, gzip;q=0\r\n');
    expect(brotliDecompressSync(br.bytes).equals(plain.bytes)).toBe(true);
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true);
    expect(refused.bytes.equals(plain.bytes)).toBe(true);
    expect(br.bytes.length).toBeLessThan(plain.bytes.length);
    expect(new Set([plain, br, gzip, refused].map(({ head }) => tagIn(head))).size).toBe(3);
    for (const { head, bytes } of [plain, br, gzip]) {
      expect(head).toMatch(/^vary: accept-encoding\r?$/im);
      expect(head).toMatch(new RegExp(`^content-length: ${bytes.length}\r?$`, 'im'));
    }
  });

  test('HEAD: the same without the body', async () => {
    const { head, bytes } = await get(path, '', 'HEAD');
    expect(bytes).toHaveLength(0);
    expect(tagIn(head)).toBe(tagIn((await get(path, '')).head));
  });
});

describe('headers that keep an answer safe', () => {
  const COMMON = [/^x-content-type-options: nosniff\r?$/im, /^referrer-policy: no-referrer\r?$/im];
  const STRICT = /^strict-transport-security: max-age=\d+\r?$/im;

  test.each([
    ['/docs', 'GET'],
    ['/openapi.json', 'GET'],
    ['/healthz', 'GET'],
    ['/nothing', 'GET'],
    ['/api/mcp-servers', 'GET'],
    ['/mcp/unknown', 'POST'],
    ['/%ff', 'GET'],
    ['/api/mcp-servers', 'NONSENSE'],
  ])('are on every answer: %s %s', async (path, method) => {
    const { head } = await get(path, '', method);
    for (const pattern of [...COMMON, STRICT]) {
      expect(head).toMatch(pattern);
    }
    expect(head).toMatch(/^cache-control: (?:no-store|no-cache)\r?$/im);
  });

  test.each(['/api/mcp-servers', '/integration', '/mcp/unknown', '/nowhere', '/%'])(
    'an error says how long it is: %s',
    async (path) => {
      const { head, bytes } = await get(path, '');
      expect(head).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(head).toMatch(new RegExp(`^content-length: ${bytes.length}\r?$`, 'im'));
    },
  );

  test('no cache keeps an answer of an API', async () => {
    for (const id of ['listMcpServers', 'listIntegrations', 'listOrganizations', 'getMetrics'] as const) {
      expect((await call(server.url, id)).headers.get('cache-control'), id).toBe('no-store');
    }
  });

  test('no other page may frame the documentation', async () => {
    const { headers } = await call(server.url, 'getDocs', { as: 'nobody' });
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  test('nothing says that a server is reached over https only where it is not', async () => {
    const plain = await startTestServer();
    const { headers } = await call(plain.url, 'getHealth');
    expect(headers.get('strict-transport-security')).toBeNull();
    await plain.stop();
  });
});

test('the first visit of the reference costs at most 800 kB', async () => {
  for (const coding of ['br', 'gzip']) {
    expect((await get('/docs', `Accept-Encoding: ${coding}\r\n`)).bytes.length, coding).toBeLessThanOrEqual(800_000);
  }
});

test('the page is read once for all who ask before it is there, and again while it is not built', async () => {
  let reads = 0;
  const { promise: built, resolve: build } = Promise.withResolvers<string | null>();
  const early = await startTestServer({
    docs: {
      read: () => {
        reads += 1;
        return reads === 1 ? Promise.resolve(null) : built;
      },
    },
  });
  expect((await call(early.url, 'getDocs', { as: 'nobody' })).status).toBe(503);
  const asked = Array.from({ length: 50 }, () => call(early.url, 'getDocs', { as: 'nobody' }));
  await expect.poll(() => reads).toBe(2);
  build('<p>The documentation</p>');
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect([new Set(statuses), reads]).toEqual([new Set([200]), 2]);
  await early.stop();
});
