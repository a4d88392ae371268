import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginSession, connect, post, requestOf, WAYS } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { rawClient } from '../support/raw-client.ts';
import { result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let servers: Record<'handshake' | 'stateless', { server: Scripted; minted: Minted }>;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const start = async (era: 'handshake' | 'stateless') => {
    const server = await startScripted(era, {
      'prompts/get': result({ messages: [] }),
      'resources/list': result({ resources: [] }),
    });
    return { server, minted: await mintOver(gateway, server.url) };
  };
  servers = { handshake: await start('handshake'), stateless: await start('stateless') };
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(Object.values(servers).map(({ server }) => server.stop()));
});
const ERAS = ['handshake', 'stateless'] as const;

describe.each(ERAS)('a server of the era %s', (era) => {
  const place = () => ({ gateway, token: servers[era].minted.token });

  test.each(WAYS)('sees no null that stands for an absent member (%s)', async (way) => {
    const ask = await connect(place(), way);
    const { server } = servers[era];
    const called = await ask('tools/call', { name: 'look', arguments: null });
    expect([called.status, called.body.result.content[0].text]).toEqual([200, 'look']);
    expect(server.got('tools/call').at(-1)?.message.params).not.toHaveProperty('arguments');
    expect((await ask('prompts/get', { name: 'p', arguments: null })).status).toBe(200);
    expect(server.got('prompts/get').at(-1)?.message.params).not.toHaveProperty('arguments');
    expect((await ask('resources/list', { cursor: null })).status).toBe(200);
    expect(server.got('resources/list').at(-1)?.message.params ?? {}).not.toHaveProperty('cursor');
  });

  test.each(WAYS)('gets names with escapes as the client wrote them, whatever others sent before (%s)', async (way) => {
    const ask = await connect(place(), way);
    for (const name of ['\\', '"', '\n']) {
      const { body } = await ask('tools/call', { name: 'look', arguments: { place: 0, [name]: 1 } });
      expect(body.result.content[0].text).toBe('look');
      expect(servers[era].server.got('tools/call').at(-1)?.text).toContain(`{"place":0,${JSON.stringify(name)}:1}`);
    }
  });

  test('`initialize` ignores a stale session', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    for (const stale of ['garbage', '', (await beginSession(place()))['Mcp-Session-Id']]) {
      const { status, body } = await post(
        place(),
        { jsonrpc: '2.0', id: 0, method: 'initialize', params },
        { 'Mcp-Session-Id': stale },
      );
      expect([status, body.result.protocolVersion]).toEqual([200, '2025-11-25']);
    }
  });
});

describe('headers that are sent twice', () => {
  /** Sends a request with headers as they are, and returns its status and the code of its error. */
  async function send(token: string, body: object, headers: readonly (readonly [string, string])[]) {
    const text = JSON.stringify(body);
    const { host } = new URL(gateway.url);
    const lines = [
      `POST /mcp/${token} HTTP/1.1`,
      ...[['Host', host], ['Content-Length', String(Buffer.byteLength(text))], ['Connection', 'close'], ...headers].map(
        (header) => header.join(': '),
      ),
    ];
    const client = await rawClient(gateway.url, `${lines.join('\r\n')}\r\n\r\n${text}`);
    await expect.poll(client.isEnded).toBe(true);
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(client.text()) ?? [];
    const [, code] = /"code":(-\d+)/.exec(client.text()) ?? [];
    return [Number(status), code === undefined ? undefined : Number(code)];
  }
  const LIST = { jsonrpc: '2.0', id: 1, method: 'resources/list' };
  const READ = requestOf('stateless', 1, 'tools/call', { name: 'look' });
  const headersOf = (name: string): [string, string][] => Object.entries({ ...READ.headers, 'Mcp-Name': name });
  const named = (name: string) => ({ ...READ.body, params: { ...READ.body.params, name } });

  test('count as one if they are equal', async () => {
    const { handshake, stateless } = servers;
    const version = ['MCP-Protocol-Version', '2025-06-18'] as const;
    expect(await send(handshake.minted.token, LIST, [version, version])).toEqual([200, undefined]);
    expect(await send(handshake.minted.token, LIST, [[version[0], '2025-06-18,2025-06-18']])).toEqual([200, undefined]);
    expect(await send(handshake.minted.token, LIST, [[version[0], '']])).toEqual([200, undefined]);
    const session = await beginSession({ gateway, token: handshake.minted.token });
    const own = ['Mcp-Session-Id', session['Mcp-Session-Id']] as const;
    expect(await send(handshake.minted.token, LIST, [own, own, version, version])).toEqual([200, undefined]);
    expect(handshake.server.got('resources/list').at(-1)?.headers['mcp-protocol-version']).toBe('2025-06-18');
    const twice = headersOf('look').flatMap((header) => [header, header]);
    expect(await send(stateless.minted.token, READ.body, twice)).toEqual([200, undefined]);
  });

  test('a name with a comma is one name, also if its halves are equal', async () => {
    const { token } = servers.stateless.minted;
    expect(await send(token, named('a, a'), headersOf('a, a'))).toEqual([200, -32602]);
    expect(await send(token, named('a'), headersOf('a, a'))).toEqual([200, -32602]);
    expect(await send(token, named('a, b'), headersOf('a'))).toEqual([400, -32020]);
  });

  test('are refused if they differ', async () => {
    const { handshake, stateless } = servers;
    const versions = ['2025-06-18', '2025-11-25'].map((version) => ['MCP-Protocol-Version', version] as const);
    expect(await send(handshake.minted.token, LIST, versions)).toEqual([400, -32022]);
    const session = await beginSession({ gateway, token: handshake.minted.token });
    const ids = [session['Mcp-Session-Id'], 'other'].map((id) => ['Mcp-Session-Id', id] as const);
    expect((await send(handshake.minted.token, LIST, ids))[0]).toBe(404);
    const twice = [...headersOf('look'), ['Mcp-Name', 'act'] as const];
    expect(await send(stateless.minted.token, READ.body, twice)).toEqual([400, -32020]);
  });
});
