import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { AWAY, startFailing, UNUSABLE } from '../support/failing-servers.ts';
import type { Json } from '../support/json.ts';
import { startHandshakeServer, startStatelessServer } from '../support/mcp-servers.ts';
import { isAlive } from '../support/process.ts';
import { json, result, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  callTool,
  change,
  create,
  created,
  read,
  remove,
  share,
  small,
  statusOf,
  unique,
} from '../support/shared-servers.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;
const SERVED = ['walk', 'act', 'look'].map((name) => ({ name, call: () => name }));
const listedOf = (...names: string[]) => names.map((name) => ({ name, inputSchema: { type: 'object' } }));

let gateway: TestServer;
let places: Awaited<ReturnType<typeof startFailing>>;
let folder: string;
const started: { stop: () => Promise<void> }[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ environment: { SECRET: 'hush-hush' } });
  places = await startFailing();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([places, ...started].map(({ stop }) => stop()));
  await rm(folder, { recursive: true });
});

const remote = async <S extends { url: string; stop: () => Promise<void> }>(
  starting: Promise<S>,
  more: object = {},
) => {
  const server = await starting;
  started.push(server);
  return { name: unique(), url: server.url, ...more };
};
const check = (mcp_id: string) => call(gateway.url, 'checkSharedServerTools', { path: { mcp_id } });
const disabled = async (mcpServer: object): Promise<string> => {
  const { status, body, text } = await create(gateway, mcpServer, { enabled: false });
  expect(status, text).toBe(201);
  return body.data.id;
};
/** What is answered of a server that is stored, and not in use. */
const checked = async (mcpServer: object): Promise<Json> => {
  const { status, body } = await check(await disabled(mcpServer));
  expect(status).toBe(200);
  return body;
};
/** The processes that have written to a file. */
const pidsIn = async (file: string): Promise<number[]> => (await readFile(file, 'utf8')).trim().split('\n').map(Number);

describe('200 with `ok`, also for a disabled server', () => {
  test.each<[string, string, () => object | Promise<object>]>([
    ['Streamable HTTP, the SDK v1', 'streamable_http', () => remote(startHandshakeServer(SERVED))],
    ['Streamable HTTP, the SDK v2', 'streamable_http', () => remote(startStatelessServer(SERVED))],
    ['SSE', 'sse', () => remote(startSseServer(SERVED), { transport: 'sse' })],
    ['WebSocket', 'websocket', () => remote(startWebSocketServer(SERVED), { transport: 'websocket' })],
    ['stdio', 'stdio', () => small({ env: { TOOLS: JSON.stringify(listedOf('walk', 'act', 'look')) } })],
  ])('lists the tools sorted over %s', async (_, transport, configure) => {
    const mcpServer = (await configure()) as { name: string };
    const details = { name: mcpServer.name, transport, tools: ['act', 'look', 'walk'], toolCount: 3 };
    const id = await disabled(mcpServer);
    expect((await check(id)).body).toEqual({ ok: true, details, error: null });
    // It is as it was.
    expect((await statusOf(gateway, id)).state).toBe('disabled');
    expect(gateway.deps.runtime.isConnectedTo(id)).toBe(false);
  });

  test('lists each name once, without invalid tools, or none', async () => {
    const tools = [
      ...listedOf('b', 'B', 'a', 'b'),
      { name: '' },
      { name: 'text', inputSchema: { type: 'string' } },
      null,
    ];
    const told = await checked(small({ env: { TOOLS: JSON.stringify(tools) } }));
    expect([told.ok, told.details.tools, told.details.toolCount]).toEqual([true, ['B', 'a', 'b'], 3]);
    const none = await checked(small({ env: { TOOLS: '[]' } }));
    expect([none.ok, none.details.tools, none.details.toolCount]).toEqual([true, [], 0]);
  });

  test('lists all pages', async () => {
    const pages = startScripted('handshake', {
      'tools/list': (response, got) => {
        const page = Number(got.message.params.cursor ?? 0);
        const nextCursor = page < 2 ? { nextCursor: String(page + 1) } : {};
        result({ tools: listedOf(`page-${2 - page}`), ...nextCursor })(response, got);
      },
    });
    expect((await checked(await remote(pages))).details.tools).toEqual(['page-0', 'page-1', 'page-2']);
  });

  test.each<[string, unknown]>([
    ['the same', 'again'],
    ['an empty', ''],
    ['an odd', { page: [1] }],
  ])('ends a list that goes on with %s cursor each time', async (_, cursor) => {
    const server = startScripted('handshake', {
      'tools/list': result({ tools: listedOf('a', 'b'), nextCursor: cursor }),
    });
    expect((await checked(await remote(server))).details.tools).toEqual(['a', 'b']);
    expect((await server).got('tools/list')).toHaveLength(2);
  });

  test('sends the headers and variables of the server', async () => {
    const server = await startScripted('handshake');
    started.push(server);
    await checked({ name: unique(), url: server.url, headers: { Authorization: `Bearer \${SECRET}` } });
    expect(server.got('tools/list')[0]?.headers.authorization).toBe('Bearer hush-hush');
    // Its session is ended, which the answer does not wait for.
    await expect.poll(() => server.got('DELETE'), { timeout: SOON }).toHaveLength(1);
  });
});

describe('200 without `ok`', () => {
  test.each([...UNUSABLE, ...AWAY])('%s', async (_, configure, reason) => {
    expect(await checked(configure(places))).toEqual({
      ok: false,
      details: null,
      error: expect.stringContaining(reason),
    });
  });

  test('for an error, and for an invalid list', async () => {
    for (const [step, reason] of [
      [json({ error: { code: -32603, message: 'hush-hush' } }), 'it answered tools/list with an error (-32603).'],
      [result({ tools: 'hush-hush' }), 'its list of tools is none.'],
    ] as const) {
      const { ok, error } = await checked(await remote(startScripted('handshake', { 'tools/list': step })));
      expect([ok, error]).toEqual([false, expect.stringContaining(reason)]);
      expect(error).not.toContain('hush-hush');
    }
  });

  test('for missing variables, without contacting the server', async () => {
    const server = await startScripted('handshake');
    started.push(server);
    const headers = { A: `\${MISSING_B}`, B: `\${MISSING_A}`, C: `\${SECRET}` };
    expect(await checked({ name: unique(), url: server.url, headers })).toEqual({
      ok: false,
      details: null,
      error: 'The server cannot be connected to: the gateway has no variables MISSING_A, MISSING_B.',
    });
    expect(server.got()).toEqual([]);
  });

  test('for a server that hangs, after 5 s or timeoutSeconds, without a remaining process', async () => {
    const file = join(folder, unique());
    const patience: [object, reason: string, ceiling: number][] = [
      [{ timeoutSeconds: 1 }, '1 s', 4900],
      [{ timeoutSeconds: 60 }, '5 s', 20_000],
      [{}, '5 s', 20_000],
    ];
    const since = performance.now();
    const hanging = patience.flatMap(([more, reason, ceiling]) =>
      [
        { name: unique(), url: `http://${places.failing}/hang`, ...more },
        small({ env: { PIDS: file, WAIT: '3600000' }, ...more }),
      ].map(async (mcpServer) => {
        const { ok, error } = await checked(mcpServer);
        expect([ok, error]).toEqual([false, expect.stringContaining(reason)]);
        expect(performance.now() - since).toBeLessThan(ceiling);
      }),
    );
    await Promise.all(hanging);
    const pids = await pidsIn(file);
    expect(pids).toHaveLength(3);
    await expect.poll(() => pids.filter(isAlive), { timeout: SOON }).toEqual([]);
  });

  test('kills a process that ignores its end, without delaying the answer', async () => {
    const file = join(folder, unique());
    const source = `trap '' TERM; echo $$ >> "$PIDS"; while :; do sleep 1000; done`;
    const stubborn = { command: '/bin/sh', args: ['-c', source], env: { PIDS: file, PATH: '/usr/bin:/bin' } };
    const id = await disabled(small({ ...stubborn, timeoutSeconds: 0.2 }));
    const since = performance.now();
    const { body } = await check(id);
    const ms = performance.now() - since;
    expect(body.error).toContain('0.2 s');
    await expect.poll(async () => (await pidsIn(file)).filter(isAlive), { timeout: SOON }).toEqual([]);
    // Nine times what it may take.
    expect(ms).toBeLessThan(1800);
  });
});

describe('a server that is in use', () => {
  test('is asked over a separate connection, which leaves no process', async () => {
    const file = join(folder, unique());
    const id = await created(gateway, small({ env: { PIDS: file } }));
    const { token } = await share(gateway, id);
    const pid = await callTool(gateway, token, 'pid');
    const before = [await read(gateway, id), await statusOf(gateway, id)].map((one) => one.body ?? one);
    const told = await Promise.all([check(id), check(id), check(id)]);
    expect(told.map(({ body }) => body.details?.tools)).toEqual(Array(3).fill(['environment', 'folder', 'pid']));
    expect(await callTool(gateway, token, 'pid')).toBe(pid);
    expect([await read(gateway, id), await statusOf(gateway, id)].map((one) => one.body ?? one)).toEqual(before);
    // The operator's, the organization's, and those of the checks.
    expect(await pidsIn(file)).toHaveLength(5);
    const left = async () => (await pidsIn(file)).filter(isAlive);
    await expect.poll(left, { timeout: SOON }).toEqual([expect.any(Number), Number(pid)]);
    await remove(gateway, id);
  });

  test('is checked with its stored configuration', async () => {
    const id = await created(gateway, small());
    const { token } = await share(gateway, id);
    const pid = await callTool(gateway, token, 'pid');
    await change(gateway, id, { mcpServer: small({ env: { A: `\${MISSING}` } }) });
    expect((await check(id)).body.error).toContain('the gateway has no variable MISSING.');
    expect(await callTool(gateway, token, 'pid')).toBe(pid);
    await remove(gateway, id);
  });

  test('that does not start gives the reason', async () => {
    const lenient = { headers: { Prefer: 'handling=lenient' } };
    const { body } = await create(gateway, small({ command: 'no-such-command' }), {}, lenient);
    expect((await check(body.data.id)).body.error).toContain('its command is not found.');
    await remove(gateway, body.data.id);
  });
});

test('404 for an unknown id, 422 for an invalid id, 401 without credentials', async () => {
  const { status, body } = await check(NOBODY);
  expect([status, body.error]).toEqual([404, { code: 'not_found', message: `No MCP server with id ${NOBODY}.` }]);
  const none = await check('none');
  expect([none.status, none.body.error.fieldErrors[0].field]).toEqual([422, 'path.mcp_id']);
  const path = { mcp_id: NOBODY };
  expect((await call(gateway.url, 'checkSharedServerTools', { path, as: 'nobody' })).status).toBe(401);
});
