import { createServer, type RequestListener } from 'node:http';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call } from '../support/client.ts';
import { AWAY, startFailing, UNUSABLE } from '../support/failing-servers.ts';
import type { Json } from '../support/json.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { change, create, created, read, remove, script, small, unique } from '../support/shared-servers.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
/** Recognisable: what must be told to nobody. */
const OF_HEADER = 'c4n4ry-of-a-header';
const OF_ENV = 'c4n4ry-of-the-env';
const OF_VARIABLE = 'c4n4ry-of-a-variable';
const SECRETS = [OF_HEADER, OF_ENV, OF_VARIABLE];

let lines = '';
const log = new Writable({
  write: (chunk, _encoding, done) => {
    lines += chunk;
    done();
  },
});
/** Answers with everything that it was sent, as a refusal, a header, a status and a stream of events. */
const echo: RequestListener = ({ url = '', headers }, response) => {
  const sent = JSON.stringify({ url, headers });
  const status = Number(/\d+/.exec(url)?.[0] ?? 200);
  const type = url.includes('events') ? 'text/event-stream' : 'application/json';
  const message = { jsonrpc: '2.0', id: null, error: { code: -32000, message: sent, data: sent } };
  const body = type === 'application/json' ? JSON.stringify(message) : `event: endpoint\ndata: http://${sent}\n\n`;
  response.writeHead(status, { 'Content-Type': type, 'WWW-Authenticate': `Bearer realm=${JSON.stringify(sent)}` });
  response.end(body);
};

let gateway: TestServer;
let places: Awaited<ReturnType<typeof startFailing>>;
let echoing: Listened;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_LOG_LEVEL: 'trace' },
    environment: { SECRET: OF_VARIABLE },
    log,
  });
  places = await startFailing();
  echoing = await listenOn(createServer(echo));
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([places.stop(), echoing.stop()]);
});

const resting = (name = unique()) => ({ name, url: 'http://127.0.0.1:9/mcp' });
const disabled = async (name?: string): Promise<string> =>
  (await create(gateway, resting(name), { enabled: false })).body.data.id;

/** How many changes there were so far, by what came of them. */
async function counts(): Promise<Record<string, number>> {
  const { text } = await call(gateway.url, 'getMetrics');
  const found = text.matchAll(/^gatehouse_reloads_total\{status="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, status, count]) => [status, Number(count)]));
}

test('404: there is none, or not any more', async () => {
  const id = await disabled();
  await remove(gateway, id);
  for (const gone of [id, NOBODY]) {
    for (const body of [{ name: 'x' }, {}, { enabled: false }, { mcpServer: small() }]) {
      const { status, body: told } = await change(gateway, gone, body);
      expect([status, told.error]).toEqual([404, { code: 'not_found', message: `No MCP server with id ${gone}.` }]);
    }
  }
});

test.each<[string, object, string]>([
  ['a key', { mcp_server: {} }, 'body.mcp_server'],
  ['the configuration', { mcpServer: { name: 'x' } }, 'body.mcpServer.url'],
  ['the URL', { mcpServer: { name: 'x', url: 'ftp://x' } }, 'body.mcpServer.url'],
  ["the gateway's variable", { mcpServer: small({ env: { A: `\${DATABASE_URL}` } }) }, 'body.mcpServer.env.A'],
])('401 comes before 422, and 422 before 404: %s', async (_, body, field) => {
  const { status, body: told } = await change(gateway, NOBODY, body);
  expect([status, told.error.fieldErrors[0].field]).toEqual([422, field]);
  const path = { mcp_id: NOBODY };
  expect((await call(gateway.url, 'updateSharedServer', { path, body, as: 'nobody' })).status).toBe(401);
});

test('422: an invalid id', async () => {
  const { status, body } = await change(gateway, 'none', { name: 'x' });
  expect([status, body.error.fieldErrors[0].field]).toEqual([422, 'path.mcp_id']);
});

describe('If-Match', () => {
  test('200 for the current version, 412 for any other without a change', async () => {
    const id = await disabled();
    const first = (await read(gateway, id)).headers.get('etag') ?? '';
    const saved = await change(gateway, id, { name: 'Second' }, { 'If-Match': first });
    expect([saved.status, saved.body.data.name]).toEqual([200, 'Second']);
    const second = saved.headers.get('etag') ?? '';
    expect(second).not.toBe(first);
    const late = await change(gateway, id, { name: 'Third', enabled: true }, { 'If-Match': first });
    expect([late.status, late.body.error.code]).toEqual([412, 'conflict']);
    const present = await read(gateway, id);
    expect([present.body.name, present.headers.get('etag')]).toEqual(['Second', second]);
    expect((await change(gateway, id, { name: 'Third' }, { 'If-Match': `"x", ${second}` })).status).toBe(200);
    expect((await change(gateway, id, { name: 'Fourth' }, { 'If-Match': '*' })).status).toBe(200);
  });

  test('404 for an unknown server', async () => {
    expect((await change(gateway, NOBODY, { name: 'x' }, { 'If-Match': '"1"' })).status).toBe(404);
  });
});

describe('409: another enabled server has the same mcpServer.name', () => {
  test('when the second one is enabled, without a change', async () => {
    const holder = small();
    const holderId = await created(gateway, holder);
    const message = `The enabled MCP server ${holderId} has the mcpServer.name '${holder.name}' already.`;
    const id = await disabled(holder.name);
    expect((await change(gateway, id, { mcpServer: resting(holder.name) })).status).toBe(200);
    const enabling = await change(gateway, id, { enabled: true });
    expect([enabling.status, enabling.body.error]).toEqual([409, { code: 'conflict', message }]);
    expect((await read(gateway, id)).body.enabled).toBe(false);

    const other = await created(gateway, small());
    const before = (await read(gateway, other)).body;
    // What would not come up is refused for its name first.
    const taking = await change(gateway, other, {
      mcpServer: small({ name: holder.name, command: 'no-such-command' }),
    });
    expect([taking.status, taking.body.error]).toEqual([409, { code: 'conflict', message }]);
    expect((await read(gateway, other)).body).toEqual(before);

    await change(gateway, holderId, { enabled: false });
    expect((await change(gateway, other, { mcpServer: small({ name: holder.name }) })).status).toBe(200);
    await Promise.all([holderId, other].map((server) => remove(gateway, server)));
  });
});

describe('500 reload_failed', () => {
  const ENV = { KEY: OF_ENV, OTHER: `\${SECRET}` };
  const HEADERS = { Authorization: `Bearer ${OF_HEADER}`, 'X-Other': `\${SECRET}` };
  const failing = (source: string, more: object = {}) => ({ ...script(unique(), source), env: ENV, ...more });

  test('the answer contains the standard error of the candidate without secrets', async () => {
    const id = await created(gateway, small());
    const source = `process.stderr.write('the key is ' + process.env.KEY + ', ' + process.argv[1] + '; goodbye\\n', () => process.exit(2))`;
    const { status, body } = await change(gateway, id, {
      mcpServer: failing(source, { args: ['-e', source, `\${SECRET}`] }),
    });
    expect([status, body.error.details]).toEqual([
      500,
      {
        recovered: true,
        reason: expect.stringContaining('exited with code 2 before it had introduced itself.'),
        stderr: 'the key is ***, ***; goodbye\n',
      },
    ]);
    const silent = await change(gateway, id, { mcpServer: { ...resting(), headers: HEADERS } });
    expect([silent.status, silent.body.error.details.stderr]).toEqual([500, undefined]);
    await remove(gateway, id);
  });

  test('the answer contains no secret with several lines or quotes, printed as JSON', async () => {
    const id = await created(gateway, small());
    const env = { KEY: `-- begin --\n${OF_ENV}\n-- end --`, OTHER: `"${OF_VARIABLE}"` };
    const source = 'console.error(JSON.stringify(process.env)); console.error(process.env); process.exitCode = 1';
    const { status, body } = await change(gateway, id, { mcpServer: failing(source, { env }) });
    expect([status, body.error.details.stderr]).toEqual([500, expect.stringContaining('***')]);
    expect(body.error.details.stderr).not.toContain(OF_ENV);
    expect(body.error.details.stderr).not.toContain(OF_VARIABLE);
    await remove(gateway, id);
  });

  test('no answer, log line or metric contains a header, variable or env value', async () => {
    const id = await created(gateway, small());
    const all = 'process.stderr.write(JSON.stringify(process.env)); console.log(JSON.stringify(process.env));';
    const remote = (path: string, more: object = {}) => ({
      name: unique(),
      url: `http://127.0.0.1:${echoing.port}/${path}`,
      timeoutSeconds: 0.5,
      ...more,
    });
    const candidates: object[] = [
      ...[...UNUSABLE, ...AWAY].map(([, configure]) => configure(places)),
      ...['200', '200/events', '400', '401', '404', '503'].map((path) => remote(path)),
      ...['200/events', '401', '503'].map((path) => remote(path, { transport: 'sse' })),
      ...['401', '503'].map((path) => remote(path, { transport: 'websocket' })),
      remote(`200/\${SECRET}`),
      { ...remote(''), url: `http://\${SECRET}.invalid/mcp` },
      failing(`${all} process.exitCode = 1`),
      failing(`${all} process.stdin.resume()`, { timeoutSeconds: 0.5 }),
      failing('', { command: `/\${SECRET}/no-such-command` }),
      failing('', { cwd: `/\${SECRET}` }),
    ];
    const told: Answer[] = [];
    for (const candidate of candidates) {
      told.push(await change(gateway, id, { mcpServer: { ...candidate, headers: HEADERS, env: ENV } }));
      told.push(await call(gateway.url, 'getRuntimeStatus'));
    }
    const failures = told.filter((_, index) => index % 2 === 0);
    expect(failures.map(({ status }) => status)).toEqual(candidates.map(() => 500));
    const { text: metrics } = await call(gateway.url, 'getMetrics');
    expect(metrics).toContain('gatehouse_reloads_total');
    const everything = [...told.map(({ text, headers }) => text + JSON.stringify([...headers])), lines, metrics];
    // There was something to hide.
    expect(failures.filter(({ body }) => body.error.details.stderr?.includes('***'))).toHaveLength(2);
    for (const secret of SECRETS) {
      expect(everything.filter((text) => text.includes(secret)).map((text) => text.slice(0, 500))).toEqual([]);
    }
    await remove(gateway, id);
  });

  test('is counted, and logged without a warning', async () => {
    const id = await created(gateway, small());
    const before = await counts();
    const logged = lines.length;
    const kept = small();
    for (const mcpServer of [
      kept,
      small({ command: 'no-such-command' }),
      small({ env: { A: `\${MISSING}` } }),
      small({ cwd: '/no/such' }),
      resting(),
      { name: 'x' },
      kept,
    ]) {
      await change(gateway, id, { mcpServer });
    }
    const after = await counts();
    const added = Object.fromEntries(
      Object.entries(after).map(([status, count]) => [status, count - (before[status] ?? 0)]),
    );
    expect(added).toEqual({ reloaded: 2, restart_required: 1, reload_failed: 3 });
    const written: Json[] = lines
      .slice(logged)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const failed = written.filter(({ msg }) => msg === 'reload failed');
    expect(failed.map(({ level, server }) => [level, server])).toEqual(Array(3).fill([30, id]));
    expect(failed[0].reason).toContain('its command is not found.');
    // A request that was answered so has its line too.
    expect(written.filter(({ msg, status }) => msg === 'request' && status === 500)).toHaveLength(3);
    expect(written.filter(({ level }) => level >= 40)).toEqual([]);
    await remove(gateway, id);
  });
});
