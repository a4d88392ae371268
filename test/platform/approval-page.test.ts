import { afterAll, beforeAll, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ID = 'apr_5f0c3a52-7d1e-4b8a-9c64-2e9b1f0d8a37';
const PUBLIC_URL = 'http://localhost/gateway';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: PUBLIC_URL } });
});
afterAll(() => server.stop());

const page = (approvalRequestId: string) =>
  call(server.url, 'getApprovalPage', { path: { approvalRequestId }, as: 'nobody' });
const console = (path: string) => askOnce(server.url, 'get', path);

test.each(['/console', '/console/', '/console/servers', `/console/approvals/${ID}`])(
  '200: %s is the page of the console, with a policy that allows nothing from elsewhere',
  async (path) => {
    const { status, text, headers } = await console(path);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect([headers.get('cache-control'), headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(text).toContain(/'nonce-([\w-]+)'/.exec(policy)?.[1]);
    expect(text).toContain('content="/gateway"');
  },
);

test('the numbers that allow styles are used once', async () => {
  const policies = [await console('/console'), await console('/console')].map(({ headers }) =>
    headers.get('content-security-policy'),
  );
  expect(policies[0]).not.toBe(policies[1]);
});

test('200: the page of a call says nothing of it, whether it exists or not', async () => {
  const { status, text } = await page(ID);
  expect(status).toBe(200);
  expect(text).not.toContain(ID);
});

test.each(['apr_x', ID.toUpperCase(), `${ID}"><script>`, 'x'.repeat(300)])('404: %s', async (id) => {
  expect((await page(id)).status).toBe(404);
});

test('200: scripts and styles of the page are kept for ever, below the public path', async () => {
  const { text } = await console('/console');
  const files = [...text.matchAll(/(?:src|href)="\/gateway(\/console\/assets\/[^"]+)"/g)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const { status, headers } = await console(file);
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  }
});

test.each(['nothing.js', '..%2findex.html', '..%2f..%2fpackage.json', 'a/b.js'])('404: no file %s', async (file) => {
  expect((await console(`/console/assets/${file}`)).status).toBe(404);
});
