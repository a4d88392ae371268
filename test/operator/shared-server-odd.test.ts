import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  callTool,
  change,
  create,
  created,
  remove,
  share,
  small,
  statusOf,
  stdio,
  unique,
} from '../support/shared-servers.ts';

/** Milliseconds: many times what it takes, for a machine that is busy. */
const SOON = 20_000;

describe('variables', () => {
  const SECRET = 'hush-hush-value';
  let lines = '';
  const log = new Writable({
    write: (chunk, _encoding, done) => {
      lines += chunk;
      done();
    },
  });
  let gateway: TestServer;
  beforeAll(async () => {
    gateway = await startTestServer({ log, env: { GATEHOUSE_LOG_LEVEL: 'trace' }, environment: { SECRET } });
  });
  afterAll(() => gateway.stop());

  test('in a missing command are not logged', async () => {
    const mcpServer = stdio(unique(), { command: `/opt/\${SECRET}/run` });
    const lenient = { headers: { Prefer: 'handling=lenient' } };
    const { status, body, text } = await create(gateway, mcpServer, {}, lenient);
    expect([status, body.reload.error]).toEqual([201, expect.stringContaining('its command is not found.')]);
    const { token } = await share(gateway, body.data.id);
    const answer = await callTool(gateway, token, 'pid');
    expect(answer).toContain('cannot be started: its command is not found.');
    await expect.poll(async () => (await statusOf(gateway, body.data.id)).state, { timeout: SOON }).toBe('unreachable');
    await expect.poll(() => lines, { timeout: SOON }).toContain(body.data.id);
    expect(lines).toContain('its command is not found.');
    expect([lines, text, answer].filter((told) => told.includes(SECRET))).toEqual([]);
  });

  test('are not read from the prototype', async () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      const { status, body } = await create(gateway, small({ env: { V: `\${${name}}` } }));
      const message = `Saved. Restart required to apply: the gateway has no variable ${name}.`;
      expect([status, body.reload]).toEqual([201, { status: 'restart_required', message, error: null }]);
    }
  });

  test('of the gateway are refused in lower case too', async () => {
    for (const name of ['gatehouse_secret_key', 'Gatehouse_Admin_Token', 'database_url']) {
      const { status, body } = await create(gateway, small({ env: { V: `\${${name}}` } }));
      const message = `the variable \${${name}} is the gateway's own and is given to nobody; name another one`;
      expect([status, body.error?.fieldErrors]).toEqual([
        422,
        [{ field: 'body.mcpServer.env.V', message, code: 'variable' }],
      ]);
    }
  });
});

describe('an unusable stored server does not prevent the start', () => {
  const GATEHOUSE_SECRET_KEY = randomBytes(32).toString('base64');
  let directory: string;
  let server: Scripted;
  let gateway: TestServer;
  let organizationId: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-'));
    server = await startScripted('handshake');
  });
  afterEach(() => gateway.stop());
  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });
  const start = async (environment: Record<string, string> = {}): Promise<void> => {
    const location = { kind: 'file', directory } as const;
    const started = await startTestServer({ location, env: { GATEHOUSE_SECRET_KEY }, environment });
    organizationId ??= started.organizationId;
    gateway = { ...started, organizationId };
  };

  test.each<[string, Record<string, string>, string]>([
    ['is gone', {}, 'the gateway has no variable BAD'],
    ['leaves no URL', { BAD: 'not a url' }, 'mcpServer.url must be an absolute http, https, ws or wss URL without'],
    ['leaves nothing', { BAD: '' }, 'mcpServer.url is required for the transport streamable_http'],
  ])('with a URL whose variable %s, and it can be renamed and disabled', async (_, environment, why) => {
    await start({ BAD: server.url });
    const id = await created(gateway, { name: unique(), url: `\${BAD}` });
    const { token } = await share(gateway, id);
    expect(await callTool(gateway, token, 'act')).toBe('act');
    await gateway.stop();

    await start(environment);
    const waits = { state: 'unreachable', lastError: expect.stringContaining(why) };
    expect(await statusOf(gateway, id)).toMatchObject(waits);
    expect(await callTool(gateway, token, 'act')).toContain('waits for a restart of the gateway');
    const renamed = await change(gateway, id, { name: 'Renamed' });
    const message = expect.stringContaining(`Saved. Restart required to apply: ${why}`);
    expect([renamed.status, renamed.body.reload]).toEqual([200, { status: 'restart_required', message, error: null }]);
    const off = await change(gateway, id, { enabled: false });
    expect([off.status, off.body.reload.status]).toEqual([200, 'reloaded']);
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'disabled' });
    expect((await change(gateway, id, { enabled: true })).body.reload).toEqual(renamed.body.reload);
  });

  test('with a damaged row, and the others are used', async () => {
    await start();
    const [damaged, whole] = [await created(gateway, small()), await created(gateway, small())];
    const { token } = await share(gateway, whole);
    await gateway.stop();
    const database = new DatabaseSync(join(directory, 'gatehouse.db'));
    const damage = `UPDATE shared_servers SET config = substr(config, 1, 40) || 'AAAA' || substr(config, 45) WHERE id = ?`;
    expect(database.prepare(damage).run(damaged).changes).toBe(1);
    database.close();

    await start();
    expect((await call(gateway.url, 'getReadiness')).status).toBe(200);
    await expect.poll(() => callTool(gateway, token, 'pid'), { timeout: SOON }).toMatch(/^\d+$/);
    expect((await remove(gateway, damaged)).status).toBe(200);
  });
});
