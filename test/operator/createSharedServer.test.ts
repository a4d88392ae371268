import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as store from '../../src/store/shared-servers.ts';
import { aSharedServer } from '../store/support/samples.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { CLIENTS } from '../support/mcp-clients.ts';
import { type McpServer, startHandshakeServer, startStatelessServer } from '../support/mcp-servers.ts';
import { ROOT } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { create, created, read, remove, share, small, statusOf, stdio, unique } from '../support/shared-servers.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';

const TOOLS = [{ name: 'echo', call: ({ args }: { args: Json }) => String(args.text) }];
const RELOADED = { status: 'reloaded', message: 'Saved and reloaded.', error: null };

let gateway: TestServer;
const remotes: McpServer[] = [];
const remote = async (starting: Promise<McpServer>, more: object = {}) => {
  const server = await starting;
  remotes.push(server);
  return { name: unique(), url: server.url, ...more };
};
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(remotes.map(({ stop }) => stop()));
});

/** A configuration that is stored and brought up by nobody. */
const resting = (more: object = {}) => ({ name: unique(), url: 'http://127.0.0.1:9/mcp', ...more });
const disabled = (name: string, more: object = {}) => create(gateway, resting(more), { name, enabled: false });
const list = async () => (await call(gateway.url, 'listSharedServers')).body as Json[];

describe('201: every transport, for clients of both eras', () => {
  const EVERYTHING = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  const clients = CLIENTS.filter(({ name }) => ['the SDK v1 client', 'the SDK v2 client, 2026-07-28'].includes(name));
  test.each<[string, () => object | Promise<object>, string]>([
    ['stdio, the SDK v1', () => stdio(unique()), 'text'],
    ['stdio, the SDK v2', () => stdio(unique(), { args: [...stdio('').args.slice(0, -1), 'stateless'] }), 'text'],
    ['stdio, server-everything', () => stdio(unique(), { args: [EVERYTHING, 'stdio'] }), 'message'],
    ['Streamable HTTP, the SDK v1', () => remote(startHandshakeServer(TOOLS)), 'text'],
    ['Streamable HTTP, the SDK v2', () => remote(startStatelessServer(TOOLS)), 'text'],
    ['SSE', () => remote(startSseServer(TOOLS), { transport: 'sse' }), 'text'],
    ['WebSocket', () => remote(startWebSocketServer(TOOLS), { transport: 'websocket' }), 'text'],
  ])('%s', async (_, start, argument) => {
    const { status, body } = await create(gateway, await start());
    expect([status, body.reload]).toEqual([201, RELOADED]);
    expect(await statusOf(gateway, body.data.id)).toMatchObject({ state: 'connected', lastError: null });
    const { url } = await share(gateway, body.data.id);
    expect(clients).toHaveLength(2);
    for (const { connect } of clients) {
      const client = await connect({ url, headers: {} });
      expect(await client.list()).toContain('echo');
      expect(await client.call('echo', { args: { [argument]: 'through and through' } })).toContain(
        'through and through',
      );
      await client.close();
    }
    await remove(gateway, body.data.id);
  });
});

describe('201: the answer', () => {
  test('contains every key with defaults, and Location and ETag of the new server', async () => {
    const mcpServer = await remote(startHandshakeServer(TOOLS));
    const answer = await call(gateway.url, 'createSharedServer', { body: { name: ' Büro-Suche! ', mcpServer } });
    const at = new Date(gateway.clock.now).toISOString();
    const { id } = answer.body.data;
    expect(answer.body.data).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      slug: 'buro-suche',
      name: ' Büro-Suche! ',
      enabled: true,
      mcpServer: {
        ...mcpServer,
        transport: 'streamable_http',
        command: null,
        args: [],
        headers: {},
        env: {},
        cwd: null,
        encoding: null,
        encodingErrorHandler: null,
        timeoutSeconds: null,
        sseReadTimeoutSeconds: null,
        terminateOnClose: null,
        sessionKwargs: {},
      },
      createdAt: at,
      updatedAt: at,
    });
    expect(answer.headers.get('location')).toBe(`/admin/api/v1/mcp-servers/${id}`);
    expect(answer.headers.get('preference-applied')).toBeNull();
    const stored = await read(gateway, id);
    expect([stored.body, stored.headers.get('etag')]).toEqual([answer.body.data, answer.headers.get('etag')]);
    const grants = await call(gateway.url, 'getSharedServerOrganizations', { path: { mcp_id: id } });
    expect(grants.body).toEqual({ organizations: [] });
  });

  test('contains every key as sent, also those of other transports', async () => {
    const mcpServer = {
      name: unique(),
      transport: 'sse',
      url: 'https://x.example.com/sse?a=b',
      command: 'uvx',
      args: ['', 'b c'],
      headers: { 'X-Z': 'ü', authorization: 'Bearer x' },
      env: { LOG_LEVEL: '' },
      cwd: '/srv',
      encoding: 'latin1',
      encodingErrorHandler: 'replace',
      timeoutSeconds: 0.5,
      sseReadTimeoutSeconds: 86400,
      terminateOnClose: false,
      sessionKwargs: {},
    };
    expect((await disabled('Every key', mcpServer)).body.data.mcpServer).toEqual(mcpServer);
  });

  test('stores a disabled server without starting it', async () => {
    const { body } = await create(gateway, stdio(unique(), { command: 'no-such-command' }), { enabled: false });
    expect([body.data.enabled, body.reload]).toEqual([false, RELOADED]);
    expect(await statusOf(gateway, body.data.id)).toMatchObject({ state: 'disabled', stderr: null, toolCount: null });
  });

  test('every change is in the audit log without headers and variables', async () => {
    const id = await created(gateway, small({ env: { KEY: 'hush-hush' } }));
    const { text, body } = await call(gateway.url, 'listAuditEvents', { query: { action: 'server.created' } });
    expect(body.data[0]).toMatchObject({ actor: { kind: 'operator' }, target: { kind: 'server', id } });
    expect(text).not.toContain('hush-hush');
    await remove(gateway, id);
  });
});

describe('slugs', () => {
  test('20 simultaneous servers of one name get 20 slugs', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => disabled('Many at once')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const slugs = answers.map(({ body }) => body.data.slug);
    const wanted = ['many-at-once', ...Array.from({ length: 19 }, (_, index) => `many-at-once-${index + 2}`)];
    expect(slugs.toSorted()).toEqual(wanted.toSorted());
  });

  test('a deleted server frees its slug', async () => {
    const { body } = await disabled('Once more');
    await remove(gateway, body.data.id);
    expect((await disabled('Once more')).body.data.slug).toBe('once-more');
  });

  test.each(['', '   '])('422: no slug can be made of %j', async (blank) => {
    const { status, body } = await disabled(`${blank}日本語`);
    expect([status, body.error.fieldErrors]).toEqual([
      422,
      [
        {
          field: 'body.name',
          message: 'must hold a letter or a digit of ASCII, of which its slug is made',
          code: 'invalid',
        },
      ],
    ]);
  });

  test('409: all 99 slugs of a name are taken, before the server is started', async () => {
    await gateway.deps.store.write(async (db) => {
      for (let count = 0; count < 99; count++) {
        await store.insert(db, aSharedServer({ enabled: false }), 'crowd');
      }
    });
    for (const { status, body } of [
      await disabled('Crowd'),
      await create(gateway, stdio(unique(), { command: 'no-such-command' }), { name: 'crowd!' }),
    ]) {
      expect([status, body.error.code]).toEqual([409, 'conflict']);
      expect(body.error.message).toMatch(/^Too many servers have names like '(?:Crowd|crowd!)'; choose another one\.$/);
    }
  });
});

describe('409: mcpServer.name belongs to an enabled server', () => {
  test('for the second server, unless one of them is disabled', async () => {
    const mcpServer = small();
    const id = await created(gateway, mcpServer);
    const { status, body } = await create(gateway, mcpServer);
    expect([status, body.error]).toEqual([
      409,
      { code: 'conflict', message: `The enabled MCP server ${id} has the mcpServer.name '${mcpServer.name}' already.` },
    ]);
    expect((await create(gateway, mcpServer, { enabled: false })).status).toBe(201);
    await remove(gateway, id);
    await remove(gateway, await created(gateway, mcpServer));
  });

  test('for one of two simultaneous servers', async () => {
    const mcpServer = small();
    const answers = await Promise.all([create(gateway, mcpServer), create(gateway, mcpServer)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const named = (await list()).filter((server) => server.mcpServer.name === mcpServer.name);
    expect(named).toHaveLength(1);
    expect(await statusOf(gateway, named[0].id)).toMatchObject({ state: 'connected' });
  });
});
