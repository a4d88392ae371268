import { afterAll, beforeAll, expect, test } from 'vitest';
import { largeDocument } from '../../bench/import.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Ten times the bar of `npm run bench`: this machine may be busy. */
const CEILING = { seconds: 50, milliseconds: 500 };

test.each([
  ['2,000 operations', largeDocument(2000, 0), 2000],
  ['10 MB', largeDocument(100, 10_000_000), 100],
])('a document of %s is imported without delaying others', async (_, document, tools) => {
  let longest = 0;
  let done = false;
  const watch = (async () => {
    while (!done) {
      const start = performance.now();
      expect((await call(server.url, 'listIntegrations')).status).toBe(200);
      longest = Math.max(longest, performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  const start = performance.now();
  const { status, body } = await call(server.url, 'createIntegration', { body: { name: 'large', document } });
  expect([status, body.tool_count]).toEqual([201, tools]);
  expect(performance.now() - start).toBeLessThan(CEILING.seconds * 1000);
  done = true;
  await watch;
  expect(longest).toBeLessThan(CEILING.milliseconds);
  expect((await call(server.url, 'listIntegrationTools', { path: { id: body.id } })).body.result.length).toBe(tools);
});
