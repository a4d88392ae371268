import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const PUBLIC_URL = 'http://localhost/gateway';
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: PUBLIC_URL } });
});
afterAll(() => server.stop());

describe('getIndex', () => {
  test.each([{}, { Accept: '*/*' }, { Accept: 'application/json' }, { Accept: 'image/png' }])(
    '200: a program learns the addresses, with %j',
    async (headers) => {
      const { status, body } = await call(server.url, 'getIndex', { as: 'nobody', headers });
      expect([status, body.openapi]).toEqual([200, `${PUBLIC_URL}/openapi.json`]);
    },
  );

  test('200: every address that it names answers', async () => {
    const { body } = await call(server.url, 'getIndex', { as: 'nobody' });
    const addresses = Object.values<string>(body).filter((value) => value?.startsWith('http'));
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of addresses) {
      expect((await askOnce(address.replace(PUBLIC_URL, server.url), 'get', '')).status, address).toBe(200);
    }
  });

  test.each([BROWSER, { Accept: 'text/html' }])('302: a browser goes to the console, with %j', async (headers) => {
    const answer = await call(server.url, 'getIndex', { as: 'nobody', headers });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/gateway/console']);
    expect(answer.headers.get('vary')).toBe('Accept');
  });
});

test('/docs/ leads to /docs, below which relative links are right', async () => {
  const answer = await askOnce(server.url, 'get', '/docs/');
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/gateway/docs']);
});

test.each([
  ['/favicon.ico', 'image/svg+xml', /^<svg [\s\S]*<\/svg>$/],
  ['/robots.txt', 'text/plain; charset=utf-8', /^User-agent: \*\nDisallow: \/\nAllow: \/docs\n/],
])('%s is there, and 304 the second time', async (path, type, text) => {
  const answer = await askOnce(server.url, 'get', path);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
  expect(answer.text).toMatch(text);
  const again = await askOnce(server.url, 'get', path, {
    headers: { 'If-None-Match': answer.headers.get('etag') ?? '' },
  });
  expect(again.status).toBe(304);
});

test.each(['/docs//', '/Favicon.ico', '/robots.txt/', '/favicon.png'])('nothing else is there: %s', async (path) => {
  expect((await askOnce(server.url, 'get', path, { headers: BROWSER })).status).toBe(404);
});
