import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { isAlive } from '../support/process.ts';
import { beginEvents, eventOf, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  anOrganization,
  callTool,
  change,
  created,
  grant,
  mintAs,
  type Organization,
  remove,
  small,
  statusOf,
  stdio,
  unique,
} from '../support/shared-servers.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 5000;

let gateway: TestServer;
let one: Organization;
let other: Organization;
let folder: string;
beforeAll(async () => {
  gateway = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  [one, other] = [await anOrganization(gateway), await anOrganization(gateway)];
});

const granted = async (mcp_id: string) =>
  (await call(gateway.url, 'getSharedServerOrganizations', { path: { mcp_id } })).body.organizations;
const accountOf = async ({ as }: Organization, id: string) =>
  (await call(gateway.url, 'getAccount', { path: { id }, as })).status;
const pidOf = async (token: string) => Number(await callTool(gateway, token, 'pid'));
const ended = (pid: number) => expect.poll(() => isAlive(pid), { timeout: SOON }).toBe(false);

describe('the organizations of a server', () => {
  test('are none at first, and then exactly the granted ones', async () => {
    const id = await created(gateway, small());
    expect(await granted(id)).toEqual([]);
    expect(await accountOf(one, id)).toBe(404);
    const { body } = await grant(gateway, id, [one.id]);
    expect([body, await granted(id)]).toEqual([{ organizations: [one.id] }, [one.id]]);
    expect([await accountOf(one, id), await accountOf(other, id)]).toEqual([200, 404]);
    const { token } = await mintAs(gateway, one, id);
    expect(await pidOf(token)).toBeGreaterThan(1);
    await remove(gateway, id);
  });

  test('can be all, including later ones, and then none', async () => {
    const id = await created(gateway, small());
    expect((await grant(gateway, id, 'all')).body).toEqual({ organizations: 'all' });
    const later = await anOrganization(gateway);
    const { token } = await mintAs(gateway, later, id);
    expect(await pidOf(token)).toBeGreaterThan(1);
    expect((await grant(gateway, id, [])).body).toEqual({ organizations: [] });
    expect(await accountOf(later, id)).toBe(404);
    expect((await call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body: {} })).status).toBe(401);
    await remove(gateway, id);
  });

  test('422 for an unknown organization without a change, 404 for an unknown server', async () => {
    const id = await created(gateway, small());
    await grant(gateway, id, [one.id]);
    const nobody = `org_${'0'.repeat(27)}`;
    const { status, body } = await grant(gateway, id, [other.id, nobody]);
    expect([status, body.error.fieldErrors]).toEqual([
      422,
      [{ field: 'body.organizations', message: `no organization has the id ${nobody}`, code: 'unknown' }],
    ]);
    expect(await granted(id)).toEqual([one.id]);
    expect((await grant(gateway, crypto.randomUUID(), [])).status).toBe(404);
    await remove(gateway, id);
  });
});

describe('the process of each organization', () => {
  test('does not show the state of another organization', async () => {
    const id = await created(gateway, small());
    await grant(gateway, id, [one.id, other.id]);
    const [ours, theirs] = [await mintAs(gateway, one, id), await mintAs(gateway, other, id)];
    const [first, second] = [await pidOf(ours.token), await pidOf(theirs.token)];
    expect(first).not.toBe(second);
    expect([await pidOf(ours.token), await pidOf(theirs.token)]).toEqual([first, second]);

    const third = await anOrganization(gateway);
    await grant(gateway, id, [other.id, third.id]);
    await ended(first);
    const { token } = await mintAs(gateway, third, id);
    const pid = await pidOf(token);
    expect([first, second]).not.toContain(pid);
    expect(await pidOf(theirs.token)).toBe(second);

    await grant(gateway, id, []);
    await Promise.all([ended(second), ended(pid)]);
    await expect.poll(async () => (await statusOf(gateway, id)).state, { timeout: SOON }).toBe('connected');
    await remove(gateway, id);
  });

  test('ends with the organization', async () => {
    const id = await created(gateway, small());
    await grant(gateway, id, 'all');
    const pid = await pidOf((await mintAs(gateway, one, id)).token);
    await call(gateway.url, 'deleteOrganization', { path: { org_id: one.id } });
    await ended(pid);
    await remove(gateway, id);
  });

  test('ends even if the grant is withdrawn during a restart of the server', async () => {
    const id = await created(gateway, small());
    await grant(gateway, id, [one.id]);
    await pidOf((await mintAs(gateway, one, id)).token);
    const PIDS = join(folder, unique());
    const changing = change(gateway, id, { mcpServer: small({ env: { PIDS, WAIT: '500' } }) });
    const started = async () => (await readFile(PIDS, 'utf8').catch(() => '')).split('\n').slice(0, -1).map(Number);
    // The operator's own, and one for the organization.
    await expect.poll(started, { timeout: SOON }).toHaveLength(2);
    await grant(gateway, id, [other.id]);
    expect((await changing).status).toBe(200);
    const pid = await pidOf((await mintAs(gateway, other, id)).token);
    await expect
      .poll(async () => (await started()).filter(isAlive), { timeout: SOON })
      .toEqual([expect.any(Number), pid]);
    await remove(gateway, id);
  });
});

describe('withdrawing a grant, for this organization only', () => {
  const act = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'act', _meta: { progressToken: 'mine' } },
  };
  /** Opens a stream that only the gateway can end; answers what resolves when it has. */
  const openStream = async (url: string) => {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(act) });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    return { ended: response.text().catch(() => 'ended') };
  };

  test('ends open streams', async () => {
    const streaming = await startScripted('handshake', {
      'tools/call': (response, { message }) => {
        const params = { progressToken: message.params._meta.progressToken, progress: 1 };
        beginEvents(response).write(eventOf({ jsonrpc: '2.0', method: 'notifications/progress', params }));
      },
    });
    const id = await created(gateway, { name: unique(), url: streaming.url });
    await grant(gateway, id, [one.id, other.id]);
    const stream = await openStream((await mintAs(gateway, one, id)).url);
    const others = await openStream((await mintAs(gateway, other, id)).url);
    let isOthersOver = false;
    others.ended.then(() => {
      isOthersOver = true;
    });
    const began = performance.now();
    await grant(gateway, id, [other.id]);
    await stream.ended;
    expect(performance.now() - began).toBeLessThan(SOON);
    expect(isOthersOver).toBe(false);
    await remove(gateway, id);
    await others.ended;
    await streaming.stop();
  });

  test('ends calls under way', async () => {
    const id = await created(gateway, stdio(unique()));
    await grant(gateway, id, [one.id, other.id]);
    const [ours, theirs] = [await mintAs(gateway, one, id), await mintAs(gateway, other, id)];
    await Promise.all([pidOf(ours.token), pidOf(theirs.token)]);
    const slow = callTool(gateway, ours.token, 'slow', { ms: 30_000 }).catch((error: Error) => error.message);
    const othersSlow = callTool(gateway, theirs.token, 'slow', { ms: 1500 });
    // Their servers have them when what is asked after them is answered.
    await Promise.all([pidOf(ours.token), pidOf(theirs.token)]);
    const began = performance.now();
    await grant(gateway, id, [other.id]);
    expect(await slow).not.toBe('done');
    expect(performance.now() - began).toBeLessThan(SOON);
    expect(await othersSlow).toBe('done');
    await remove(gateway, id);
  });
});
