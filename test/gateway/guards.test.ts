import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce, type Method } from '../support/ask-once.ts';
import { type Answer, type Call, call } from '../support/client.ts';
import { type Headers, post } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { accepted, hang, type Scripted, startScripted } from '../support/scripted.ts';
import { API_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

const ALLOWED = { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' };
let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({ env: ALLOWED });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const ping = (token: string) => post({ gateway, token }, { ...LIST, method: 'ping' });

describe('with 256 requests in flight at one endpoint', () => {
  test('the next is a 429, another endpoint is served, and so is this one after an end', async () => {
    const other = await mint(gateway, minted.serverId);
    await ping(minted.token);
    Object.assign(server.script, { 'tools/call': hang, 'notifications/cancelled': accepted });
    const leaving = new AbortController();
    const body = JSON.stringify({ ...LIST, method: 'tools/call', params: { name: 'act' } });
    const hanging = Array.from({ length: 256 }, () =>
      fetch(minted.url, { method: 'POST', body, signal: leaving.signal }).catch(() => undefined),
    );
    await expect.poll(() => server.got('tools/call').length, { timeout: 30_000 }).toBe(256);
    const { status, headers, body: refused } = await ping(minted.token);
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 }, id: null });
    expect((await ping(other.token)).status).toBe(200);
    leaving.abort();
    await Promise.all(hanging);
    await expect.poll(async () => (await ping(minted.token)).status, { timeout: 10_000 }).toBe(200);
    // Each of them is told to the server under the id that it knows.
    const ids = server.got('tools/call').map(({ message }) => message.id);
    await expect
      .poll(() =>
        server
          .got('notifications/cancelled')
          .map(({ message }) => message.params.requestId)
          .toSorted(),
      )
      .toEqual(ids.toSorted());
  });
});

test('GATEHOUSE_RATE_LIMIT applies to each endpoint, for all clients together', async () => {
  const limited = await startTestServer({ env: { ...ALLOWED, GATEHOUSE_RATE_LIMIT: '3' } });
  const { token, serverId } = await mintOver(limited, server.url);
  const other = await mint(limited, serverId);
  const ask = (token: string) => post({ gateway: limited, token }, { ...LIST, method: 'ping' });
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(token)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.map(({ headers }) => Number(headers.get('retry-after')) >= 1)).not.toContain(false);
  expect((await ask(other.token)).status).toBe(200);
  await limited.stop();
});

describe('413', () => {
  const ofLength = (bytes: number) => {
    const empty = JSON.stringify({ ...LIST, method: 'ping', params: { x: '' } });
    return JSON.stringify({ ...LIST, method: 'ping', params: { x: 'x'.repeat(bytes - empty.length) } });
  };
  const LARGEST = 4 * 1024 * 1024;

  test('refuses a message of more than 4 MiB, and accepts one of 4 MiB', async () => {
    expect((await post({ gateway, token: minted.token }, ofLength(LARGEST))).status).toBe(200);
    const { status, body } = await post({ gateway, token: minted.token }, ofLength(LARGEST + 1));
    expect([status, body.error.message]).toEqual([413, 'The body is larger than the 4 MiB limit.']);
  });

  test.each([1024 * 1024, 4 * 1024 * 1024])('refuses a small message that unpacks to %d bytes', async (bytes) => {
    const { gzipSync } = await import('node:zlib');
    const headers = { 'Content-Encoding': 'gzip' };
    const { status, body } = await post({ gateway, token: minted.token }, gzipSync(ofLength(bytes)), headers);
    expect([status, body.error.message]).toEqual([
      413,
      'The body unpacks to more than 100 times its size; send it without compression.',
    ]);
    expect((await post({ gateway, token: minted.token }, gzipSync(ofLength(256 * 1024)), headers)).status).toBe(200);
  });
});

describe('400', () => {
  /** A message of so many values that is not what JSON.stringify writes: all of it would be read twice. */
  const ofValues = (count: number) =>
    `${JSON.stringify({ ...LIST, method: 'ping' }).slice(0, -1)}, "params":{"x":[${'1,'.repeat(count - 7)}1e0]}}`;

  test('refuses a message of more than 100,000 values, and accepts one of 100,000', async () => {
    expect((await post({ gateway, token: minted.token }, ofValues(100_000))).status).toBe(200);
    const { status, body } = await post({ gateway, token: minted.token }, ofValues(100_001));
    expect([status, body]).toEqual([
      400,
      {
        jsonrpc: '2.0',
        error: {
          code: -32600,
          message: 'A message may hold at most 100000 values: send large data as one string, or in several calls.',
        },
        id: null,
      },
    ]);
  });

  test('refuses many values in any other shape', async () => {
    const many = 2_000_000;
    for (const text of [
      '['.repeat(2 * many),
      '{"a":'.repeat(many / 4),
      `[${'{},'.repeat(many / 2)}1]`,
      ','.repeat(many),
    ]) {
      const { status, body } = await post({ gateway, token: minted.token }, text);
      expect([status, body.error.code], text.slice(0, 9)).toEqual([400, -32600]);
    }
  });
});

describe('403', () => {
  const ask = async (method: Method, path: string, headers: Headers) => {
    const body = method === 'post' ? { ...LIST, method: 'ping' } : undefined;
    return (await askOnce(gateway.url, method, path, { headers, body })).status;
  };

  test.each(['post', 'get', 'delete'] as const)(
    'refuses %s for another host, or from a page of another origin',
    async (method) => {
      const bearer = { Authorization: `Bearer ${minted.token}` };
      for (const foreign of [
        { Host: 'rebound.example.com' },
        { Origin: 'https://evil.example.com' },
        { Origin: 'null' },
      ]) {
        expect(await ask(method, `/mcp/${minted.token}`, foreign as Headers)).toBe(403);
        expect(await ask(method, '/mcp', { ...bearer, ...foreign } as Headers)).toBe(403);
      }
      const right = method === 'post' ? 200 : 405;
      expect(await ask(method, `/mcp/${minted.token}`, { Origin: gateway.url })).toBe(right);
      expect(await ask(method, '/mcp', { ...bearer, Host: 'localhost' })).toBe(right);
    },
  );
});

test('401: the same answer for any wrong token and any request', async () => {
  const { token: expired } = await mint(
    gateway,
    minted.serverId,
    {},
    { expires_at: new Date(gateway.clock.now + 60_000).toISOString() },
  );
  const { token: deleted, id } = await mint(gateway, minted.serverId);
  const secured = await mint(gateway, minted.serverId, { require_api_token_auth: true });
  const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id };
  await call(gateway.url, 'deleteEndpoint', { path });
  gateway.clock.now += 60_000;
  const POST = { body: LIST, as: 'nobody' } as const;
  const answers: Answer[] = [];
  for (const token of [expired, deleted, secured.token, 'f'.repeat(32), 'x']) {
    const inPath: Call = { path: { token }, as: 'nobody' };
    answers.push(
      await call(gateway.url, 'sendToEndpoint', { ...inPath, body: LIST }),
      await call(gateway.url, 'sendToEndpoint', { ...inPath, body: '{' }),
      await call(gateway.url, 'openEndpointStream', inPath),
      await call(gateway.url, 'endEndpointSession', inPath),
    );
    const inHeader: Call = { as: { apiToken: token } };
    answers.push(
      await call(gateway.url, 'sendWithBearer', { ...inHeader, body: LIST }),
      await call(gateway.url, 'openStreamWithBearer', inHeader),
      await call(gateway.url, 'endSessionWithBearer', inHeader),
    );
  }
  // A token of the organization is none of an endpoint.
  answers.push(await call(gateway.url, 'sendWithBearer', { body: LIST, as: { apiToken: API_TOKEN } }));
  const told = answers.map(({ status, text, headers }) => [status, text, headers.get('www-authenticate')].join(' '));
  expect(new Set(told).size).toBe(1);
  expect(answers[0]?.status).toBe(401);
  expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  expect(answers[0]?.body).toMatchObject({ jsonrpc: '2.0', error: { code: -32001 }, id: null });
  // Without a token, nothing is wrong with one (RFC 6750, section 3.1).
  for (const headers of [{}, { Authorization: `Basic ${minted.token}` }, { Authorization: 'Bearer' }]) {
    const without = await call(gateway.url, 'sendWithBearer', { ...POST, headers: headers as Headers });
    expect([without.status, without.text]).toEqual([401, answers[0]?.text]);
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
  }
  const right = { path: { token: secured.token }, body: LIST, as: { apiToken: API_TOKEN } };
  expect((await call(gateway.url, 'sendToEndpoint', right)).status).toBe(200);
});
