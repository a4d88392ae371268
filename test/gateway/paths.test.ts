import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { type Credentials, credentialHeaders } from '../support/client.ts';
import { beginSession, requestOf, WAYS } from '../support/mcp-client.ts';
import { CLIENTS } from '../support/mcp-clients.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { beginEvents, eventOf, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const CHANGED = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake', { GET: (response) => beginEvents(response).end(eventOf(CHANGED)) });
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** The paths of an endpoint that clients make of its URL, with the token in the path or in a header. */
const FORMS: readonly (readonly [string, () => { path: string; headers: Record<string, string> }])[] = [
  ...['/mcp/TOKEN', '/mcp/TOKEN/', '/mcp/TOKEN//', '//mcp/TOKEN', '//mcp//TOKEN/', '/mcp/TOKEN/?a=b'].map(
    (path) => [path, () => ({ path: path.replace('TOKEN', minted.token), headers: {} })] as const,
  ),
  ...['/mcp', '/mcp/', '//mcp', '///mcp//', '/mcp/?a=b'].map(
    (path) => [path, () => ({ path, headers: { Authorization: `Bearer ${minted.token}` } })] as const,
  ),
];

describe.each(FORMS)('%s', (_, form) => {
  test.each(WAYS)('serves a client (%s)', async (way) => {
    const { path, headers } = form();
    const session = way === 'own session' ? await beginSession({ gateway, token: minted.token }) : {};
    const asked = requestOf(way, 1, 'tools/call', { name: 'look' });
    const sent = { headers: { ...headers, ...session, ...asked.headers }, body: asked.body };
    const { status, body } = await askOnce(gateway.url, 'post', path, sent);
    expect([status, body.result.content[0].text]).toEqual([200, 'look']);
  });

  test('serves the stream and the end of a session', async () => {
    const { path, headers } = form();
    const session = { ...headers, ...(await beginSession({ gateway, token: minted.token })) };
    const stream = await askOnce(gateway.url, 'get', path, { headers: { ...session, Accept: 'text/event-stream' } });
    expect([stream.status, stream.text]).toEqual([200, eventOf(CHANGED)]);
    expect((await askOnce(gateway.url, 'delete', path, { headers: session })).status).toBe(200);
  });

  test('names the methods that it supports, without HEAD', async () => {
    const { path, headers } = form();
    for (const method of ['head', 'put'] as const) {
      const answer = await askOnce(gateway.url, method, path, { headers });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
    }
  });
});

test.each(CLIENTS.filter(({ name }) => name.startsWith('the SDK')))(
  '$name accepts a URL that ends in a slash',
  async ({ connect }) => {
    const client = await connect({ url: `${minted.url}/`, headers: {} });
    expect(await client.list()).toEqual(['look', 'act']);
    await client.close();
  },
);

test('a browser gets the page of the endpoint, with its URL', async () => {
  const { status, text } = await askOnce(gateway.url, 'get', `//mcp//${minted.token}/`, {
    headers: { Accept: 'text/html' },
  });
  expect([status, text.includes(minted.url)]).toEqual([200, true]);
});

test.each(['/mcp/TOKEN/more', '/mcp/TOKEN/more/', '/mcp/TOKEN/..', '/x/mcp/TOKEN'])(
  '404: %s, which is no path of an endpoint',
  async (path) => {
    const { body, headers } = requestOf('just calls', 1, 'ping');
    const place = path.replace('TOKEN', minted.token);
    expect((await askOnce(gateway.url, 'post', place, { headers, body })).status).toBe(404);
  },
);

describe('the other APIs', () => {
  test.each<[string, Credentials]>([
    ['/integration?limit=1', 'token'],
    ['/api/mcp-servers', 'team'],
    ['/admin/api/v1/mcp-servers', 'operator'],
    ['/readyz', 'nobody'],
    ['/openapi.json', 'nobody'],
  ])('count slashes at the start of %s as one', async (path, as) => {
    const headers = credentialHeaders(as);
    const plain = await askOnce(gateway.url, 'get', path, { headers });
    for (const spelling of [`/${path}`, `//${path}`]) {
      const answer = await askOnce(gateway.url, 'get', spelling, { headers });
      expect([answer.status, answer.text]).toEqual([plain.status, plain.text]);
      expect((await askOnce(gateway.url, 'get', spelling)).status).toBe(as === 'nobody' ? 200 : 401);
    }
  });

  test('write their errors in their own envelope', async () => {
    for (const path of ['/api/nowhere', '/integration/nowhere/at/all', '/admin/api/v1/nowhere']) {
      const plain = await askOnce(gateway.url, 'get', path);
      expect((await askOnce(gateway.url, 'get', `/${path}`)).body).toEqual(plain.body);
    }
  });

  test('404: a slash at the end of a path', async () => {
    const headers = credentialHeaders('team');
    const path = `/api/mcp-servers/${minted.serverId}/`;
    expect((await askOnce(gateway.url, 'get', path, { headers })).status).toBe(404);
    expect((await askOnce(gateway.url, 'delete', path, { headers })).status).toBe(404);
  });
});
