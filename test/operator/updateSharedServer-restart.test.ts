import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { isAlive } from '../support/process.ts';
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

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;

const RELOADED = { status: 'reloaded', message: 'Saved and reloaded.', error: null };
const WAITS = 'is switched off, or waits for a restart of the gateway. Ask the operator.';

/** The variable by which servers are told apart. */
const word = (value: string, more: object = {}) => small({ env: { WORD: value, ...more } });
const wordOf = async (gateway: Pick<TestServer, 'url'>, token: string): Promise<string> =>
  JSON.parse(await callTool(gateway, token, 'environment')).WORD;

describe('restart_required: the new configuration names a variable that this process does not have', () => {
  let gateway: TestServer;
  beforeAll(async () => {
    gateway = await startTestServer();
  });
  afterAll(() => gateway.stop());

  const RESTART = {
    status: 'restart_required',
    message: 'Saved. Restart required to apply: the gateway has no variable MISSING.',
    error: null,
  };

  async function pending() {
    const id = await created(gateway, word('old'));
    const { token } = await share(gateway, id);
    const pid = await callTool(gateway, token, 'pid');
    const saved = await change(gateway, id, { mcpServer: word('new', { KEY: `\${MISSING}` }) });
    expect([saved.status, saved.body.reload]).toEqual([200, RESTART]);
    return { id, token, pid, saved: saved.body.data };
  }

  test('stores the change and keeps the connection', async () => {
    const { id, token, pid, saved } = await pending();
    expect((await read(gateway, id)).body).toEqual(saved);
    expect(saved.mcpServer.env).toEqual({ WORD: 'new', KEY: `\${MISSING}` });
    expect([await wordOf(gateway, token), await callTool(gateway, token, 'pid')]).toEqual(['old', pid]);
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected', lastError: null, toolCount: 3 });
    expect((await call(gateway.url, 'getRuntimeStatus')).body).toMatchObject({
      lastStatus: 'restart_required',
      lastMessage: RESTART.message,
      lastError: null,
    });
  });

  test('a later change of the name does not apply it', async () => {
    const { id, token, pid } = await pending();
    const { status, body } = await change(gateway, id, { name: 'Another name' });
    expect([status, body.reload, body.data.name]).toEqual([200, RESTART, 'Another name']);
    expect([await wordOf(gateway, token), await callTool(gateway, token, 'pid')]).toEqual(['old', pid]);
  });

  test('disabling and enabling does not apply it, and nothing serves', async () => {
    const { id, token, pid } = await pending();
    expect((await change(gateway, id, { enabled: false })).body.reload).toEqual(RELOADED);
    await expect.poll(() => isAlive(Number(pid)), { timeout: SOON }).toBe(false);
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'disabled' });
    const { status, body } = await change(gateway, id, { enabled: true });
    expect([status, body.reload]).toEqual([200, RESTART]);
    expect(await callTool(gateway, token, 'environment')).toContain(WAITS);
    expect(await statusOf(gateway, id)).toMatchObject({
      state: 'unreachable',
      lastError: 'It waits for a restart of the gateway: the gateway has no variable MISSING.',
    });
  });

  test('a later working configuration is a reload', async () => {
    const { id, token, pid } = await pending();
    const { status, body } = await change(gateway, id, { mcpServer: word('newest') });
    expect([status, body.reload]).toEqual([200, RELOADED]);
    expect(await wordOf(gateway, token)).toBe('newest');
    expect(await callTool(gateway, token, 'pid')).not.toBe(pid);
    await expect.poll(() => isAlive(Number(pid)), { timeout: SOON }).toBe(false);
  });

  test('the configuration in use, saved again, keeps the connection', async () => {
    const mcpServer = word('old');
    const id = await created(gateway, mcpServer);
    const { token } = await share(gateway, id);
    const pid = await callTool(gateway, token, 'pid');
    expect((await change(gateway, id, { mcpServer: word('new', { KEY: `\${MISSING}` }) })).body.reload).toEqual(
      RESTART,
    );
    expect((await change(gateway, id, { mcpServer })).body.reload).toEqual(RELOADED);
    expect(await callTool(gateway, token, 'pid')).toBe(pid);
  });

  test('a later broken configuration is refused, and the pending one stays', async () => {
    const { id, token, pid, saved } = await pending();
    const { status, body } = await change(gateway, id, { mcpServer: small({ command: 'no-such-command' }) });
    expect([status, body.error?.code]).toEqual([500, 'reload_failed']);
    expect((await read(gateway, id)).body).toEqual(saved);
    expect(await callTool(gateway, token, 'pid')).toBe(pid);
  });
});

describe('GATEHOUSE_RELOAD=on-restart', () => {
  const RESTART = { status: 'restart_required', message: 'Saved. Restart required to apply.', error: null };
  const key = randomBytes(32).toString('base64');
  let directory: string;
  let gateway: TestServer;
  let organizationId: string;
  const restart = async (reload: string) => {
    await gateway?.stop();
    const env = { GATEHOUSE_SECRET_KEY: key, GATEHOUSE_RELOAD: reload };
    const started = await startTestServer({ location: { kind: 'file', directory }, env });
    organizationId ??= started.organizationId;
    gateway = { ...started, organizationId };
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  });
  afterAll(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true });
  });

  test('stores every change for the next start only', async () => {
    const pids = `${await mkdtemp(join(directory, 'pids-'))}/pids`;
    await restart('live');
    const kept = await created(gateway, word('old'), { name: 'Kept' });
    const doomed = await created(gateway, word('doomed', { PIDS: pids }), { name: 'Doomed' });
    const off = await created(gateway, word('off'), { name: 'Off' });
    const tokens = await Promise.all([kept, off].map(async (id) => (await share(gateway, id)).token));
    const [token = '', offToken = ''] = tokens;

    await restart('on-restart');
    await expect.poll(() => wordOf(gateway, token), { timeout: SOON }).toBe('old');
    await expect.poll(async () => (await statusOf(gateway, doomed)).state, { timeout: SOON }).toBe('connected');
    const pid = await callTool(gateway, token, 'pid');
    const offPid = await callTool(gateway, offToken, 'pid');
    const doomedPid = Number((await readFile(pids, 'utf8')).trim().split('\n').at(-1));

    const changed = await change(gateway, kept, { mcpServer: word('new') });
    expect([changed.status, changed.body.reload, changed.body.data.mcpServer.env]).toEqual([
      200,
      RESTART,
      { WORD: 'new' },
    ]);
    expect((await change(gateway, kept, { name: 'Renamed' })).body.reload).toEqual(RESTART);
    expect((await change(gateway, off, { enabled: false })).body.reload).toEqual(RESTART);
    const post = await create(gateway, word('fresh'), { name: 'Fresh' });
    expect([post.status, post.body.reload]).toEqual([201, RESTART]);
    const broken = await create(gateway, small({ command: 'no-such-command' }), { name: 'Broken' });
    expect([broken.status, broken.body.reload]).toEqual([201, RESTART]);
    const gone = await remove(gateway, doomed);
    expect([gone.status, gone.body]).toEqual([200, { data: { id: doomed, deleted: true }, reload: RESTART }]);
    expect((await read(gateway, doomed)).status).toBe(404);

    expect([await wordOf(gateway, token), await callTool(gateway, token, 'pid')]).toEqual(['old', pid]);
    expect(await callTool(gateway, offToken, 'pid')).toBe(offPid);
    expect(isAlive(doomedPid)).toBe(true);
    expect(await statusOf(gateway, kept)).toMatchObject({ state: 'connected', lastError: null });
    const fresh = (await share(gateway, post.body.data.id)).token;
    expect(await callTool(gateway, fresh, 'environment')).toContain(WAITS);
    expect(await statusOf(gateway, post.body.data.id)).toMatchObject({
      state: 'unreachable',
      lastError: 'It waits for a restart of the gateway.',
    });
    expect((await call(gateway.url, 'getRuntimeStatus')).body.lastStatus).toBe('restart_required');

    await restart('on-restart');
    expect([Number(pid), Number(offPid), doomedPid].filter(isAlive)).toEqual([]);
    await expect.poll(() => wordOf(gateway, token), { timeout: SOON }).toBe('new');
    await expect.poll(() => wordOf(gateway, fresh), { timeout: SOON }).toBe('fresh');
    expect((await read(gateway, kept)).body.name).toBe('Renamed');
    expect(await statusOf(gateway, off)).toMatchObject({ state: 'disabled' });
    expect(await callTool(gateway, offToken, 'pid')).toContain('is switched off');
    expect((await statusOf(gateway, broken.body.data.id)).state).not.toBe('connected');
    // Once when it was made, and once at the first restart.
    expect((await readFile(pids, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  test('refuses a configuration that no restart could correct', async () => {
    await restart('on-restart');
    const mcpServer = { name: unique(), url: 'ftp://127.0.0.1/' };
    expect((await create(gateway, mcpServer)).status).toBe(422);
    const taken = word('taken');
    const first = await create(gateway, taken);
    expect(first.status).toBe(201);
    expect((await create(gateway, taken)).status).toBe(409);
    await remove(gateway, first.body.data.id);
  });
});
