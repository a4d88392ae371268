import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AWAY, startFailing, UNUSABLE } from '../support/failing-servers.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
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

const RETRYING = 'Saved and reloaded. Server unreachable; retrying.';

let gateway: TestServer;
let good: Scripted;
let places: Awaited<ReturnType<typeof startFailing>>;
beforeAll(async () => {
  gateway = await startTestServer();
  good = await startScripted('handshake');
  places = await startFailing();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([good.stop(), places.stop()]);
});

const lenient = { Prefer: 'handling=lenient' };

describe('while a connection is live', () => {
  test.each([...UNUSABLE, ...AWAY])(
    '500: saves nothing and keeps the connection, but 200 with handling=lenient: %s',
    async (_, configure, reason) => {
      const id = await created(gateway, { name: unique(), url: good.url });
      const { token } = await share(gateway, id);
      await callTool(gateway, token, 'act');
      const before = await read(gateway, id);
      const introduced = good.got('initialize').length;
      const changing = change(gateway, id, { name: 'Broken', mcpServer: configure(places) });
      const meanwhile = await Promise.all(Array.from({ length: 5 }, () => callTool(gateway, token, 'act')));
      expect(meanwhile).toEqual(Array(5).fill('act'));
      const { status, body } = await changing;
      expect([status, body.error]).toMatchObject([
        500,
        { code: 'reload_failed', details: { recovered: true, reason: expect.stringContaining(reason) } },
      ]);
      expect(await callTool(gateway, token, 'act')).toBe('act');
      expect(good.got('initialize').length).toBe(introduced);
      const after = await read(gateway, id);
      expect([after.body, after.headers.get('etag')]).toEqual([before.body, before.headers.get('etag')]);
      expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected', lastError: null });

      const answer = await change(gateway, id, { mcpServer: configure(places) }, lenient);
      expect([answer.status, answer.headers.get('preference-applied')]).toEqual([200, 'handling=lenient']);
      expect(answer.body.reload).toEqual({
        status: 'reloaded',
        message: RETRYING,
        error: expect.stringContaining(reason),
      });
      expect(await callTool(gateway, token, 'act')).not.toBe('act');
      await remove(gateway, id);
    },
  );
});

describe('without a live connection', () => {
  test.each<[string, () => Promise<string>]>([
    [
      'the old one is unreachable',
      async () => {
        const { body } = await create(gateway, { name: unique(), url: `http://${places.free}/mcp` });
        await expect.poll(async () => (await statusOf(gateway, body.data.id)).state).toBe('unreachable');
        return body.data.id;
      },
    ],
    [
      'the old one hangs',
      async () => {
        const mcpServer = { name: unique(), url: `http://${places.failing}/hang`, timeoutSeconds: 0.3 };
        return (await create(gateway, mcpServer)).body.data.id;
      },
    ],
  ])('saves an unreachable server, refuses one that cannot work, and uses one that works: %s', async (_, start) => {
    const id = await start();
    const { token } = await share(gateway, id);
    const away = await change(gateway, id, { mcpServer: { name: unique(), url: `http://${places.failing}/503` } });
    expect([away.status, away.headers.get('preference-applied')]).toEqual([200, null]);
    expect(away.body.reload).toEqual({
      status: 'reloaded',
      message: RETRYING,
      error: expect.stringContaining('answered with HTTP 503.'),
    });
    const broken = await change(gateway, id, { mcpServer: small({ command: 'no-such-command' }) });
    expect([broken.status, broken.body.error?.code]).toEqual([500, 'reload_failed']);
    expect((await read(gateway, id)).body).toEqual(away.body.data);
    const works = await change(gateway, id, { mcpServer: { name: unique(), url: good.url } });
    expect(works.body.reload.error).toBeNull();
    expect(await callTool(gateway, token, 'act')).toBe('act');
    await remove(gateway, id);
  });

  test('enabling a disabled server works like creating it', async () => {
    const broken = small({ command: 'no-such-command' });
    const { id } = (await create(gateway, broken, { enabled: false })).body.data;
    const failed = await change(gateway, id, { enabled: true });
    expect([failed.status, failed.body.error?.code]).toEqual([500, 'reload_failed']);
    expect((await read(gateway, id)).body.enabled).toBe(false);
    expect((await statusOf(gateway, id)).state).toBe('disabled');
    const mcpServer = { name: unique(), url: `http://${places.free}/mcp` };
    const away = await change(gateway, id, { enabled: true, mcpServer });
    expect([away.status, away.body.reload.message]).toEqual([200, RETRYING]);
    await remove(gateway, id);
  });
});

test('a server that has silently ended does not count as live', async () => {
  const gone = await startScripted('handshake');
  const id = await created(gateway, { name: unique(), url: gone.url });
  await gone.stop();
  const { status, body } = await change(gateway, id, {
    mcpServer: { name: unique(), url: `http://${places.free}/mcp` },
  });
  expect([status, body.reload.status]).toEqual([200, 'reloaded']);
});
