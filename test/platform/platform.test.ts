import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call, operations } from '../support/client.ts';
import { document, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: 'http://localhost/gateway' } });
});
afterAll(() => server.stop());

test('getHealth and getReadiness 200', async () => {
  expect((await call(server.url, 'getHealth', { as: 'nobody' })).body).toEqual({ status: 'ok' });
  expect((await call(server.url, 'getReadiness', { as: 'nobody' })).body).toEqual({ status: 'ready', reason: null });
});

test('getOpenApiJson and getOpenApiYaml 200: the bundle, with the public URL as its server', async () => {
  const json = await call(server.url, 'getOpenApiJson', { as: 'nobody' });
  const servers = [{ url: 'http://localhost/gateway', description: 'This server' }];
  expect(json.body).toEqual({ ...document, servers });
  const yaml = await call(server.url, 'getOpenApiYaml', { as: 'nobody' });
  expect(load(yaml.text)).toEqual(json.body);
});

test('Location is a path on the public URL', async () => {
  const created = await call(server.url, 'createMcpServer', { body: { name: 'x', url: 'https://x.example.com' } });
  expect(created.headers.get('location')).toBe(`/gateway/api/mcp-servers/${created.body.data.id}`);
});

describe('getDocs', () => {
  test('200: the page that `npm ci` has built', async () => {
    const { status, text } = await call(server.url, 'getDocs', { as: 'nobody' });
    expect([status, text.slice(0, 15).toLowerCase()]).toEqual([200, '<!doctype html>']);
  });

  test('503: not built, and the command that builds it', async () => {
    const unbuilt = await startTestServer({ docs: { read: async () => null } });
    const { status, text } = await call(unbuilt.url, 'getDocs', { as: 'nobody' });
    expect([status, text]).toEqual([503, expect.stringContaining('npm run docs')]);
    await unbuilt.stop();
  });
});

describe('getDocsPage', () => {
  test.each(['updateMcpServer.md', 'errors.md', 'getting-started.md'])('200: %s', async (page) => {
    expect((await call(server.url, 'getDocsPage', { path: { page }, as: 'nobody' })).text).toMatch(/^# /);
  });

  test.each(['updateMcpServer.html', 'errors.html', 'getting-started.html'])('200: %s', async (page) => {
    const { text, headers } = await call(server.url, 'getDocsPage', { path: { page }, as: 'nobody' });
    expect(text).toMatch(/^<!doctype html>/);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  test.each([
    'nothing.md',
    '../package.json',
    'updateMcpServer',
    'updateMcpServer.htm',
    'constructor.html',
    'Guides.md',
  ])('404: %s', async (page) => {
    expect((await call(server.url, 'getDocsPage', { path: { page }, as: 'nobody' })).status).toBe(404);
  });
});

test('getLlmsTxt 200: every operation', async () => {
  const { text } = await call(server.url, 'getLlmsTxt', { as: 'nobody' });
  expect(operations.filter(({ id }) => !text.includes(`/${id}.md`))).toEqual([]);
});

describe('getMetrics', () => {
  test('200: counts requests by operation and status', async () => {
    await call(server.url, 'listMcpServers');
    const { text } = await call(server.url, 'getMetrics');
    expect(text).toMatch(/^gatehouse_requests_total\{operation="listMcpServers",status="200"\} \d+$/m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });

  test('200: no label that a stranger could multiply', async () => {
    await askOnce(server.url, 'get', `/api/${'x'.repeat(40)}`);
    const { text } = await call(server.url, 'getMetrics');
    const known = new Set<string>([...operations.map(({ id }) => id), 'none']);
    const labels = [...text.matchAll(/operation="([^"]*)"/g)].map(([, label]) => label ?? '');
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });
});
