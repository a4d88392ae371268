import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { AWAY, startFailing, UNUSABLE } from '../support/failing-servers.ts';
import { startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, create, read, remove, share, small, statusOf, unique } from '../support/shared-servers.ts';

/** Milliseconds: many times what is promised, for a machine that is busy. */
const SOON = 20_000;

let gateway: TestServer;
let places: Awaited<ReturnType<typeof startFailing>>;
beforeAll(async () => {
  gateway = await startTestServer();
  places = await startFailing();
});
afterAll(async () => {
  await gateway.stop();
  await places.stop();
});

const count = async () => (await call(gateway.url, 'listSharedServers')).body.length as number;
const lenient = (prefer: string) => ({ headers: { Prefer: prefer } });
const RETRYING = 'Saved and reloaded. Server unreachable; retrying.';

describe('an unreachable server', () => {
  test.each(AWAY)('201: is stored and tried again: %s', async (_, configure, reason) => {
    const { status, body, headers } = await create(gateway, configure(places));
    expect([status, body.reload]).toEqual([
      201,
      { status: 'reloaded', message: RETRYING, error: expect.stringContaining(reason) },
    ]);
    expect(headers.get('preference-applied')).toBeNull();
    expect((await read(gateway, body.data.id)).body).toEqual(body.data);
    expect(['connecting', 'unreachable']).toContain((await statusOf(gateway, body.data.id)).state);
    await remove(gateway, body.data.id);
  });

  test('is used as soon as it answers', async () => {
    const { body } = await create(gateway, { name: unique(), url: `http://${places.free}/mcp` });
    const { token } = await share(gateway, body.data.id);
    expect(await callTool(gateway, token, 'act')).toContain('cannot be reached (ECONNREFUSED).');
    await expect.poll(async () => (await statusOf(gateway, body.data.id)).state).toBe('unreachable');
    const late = await startScripted('handshake', {}, Number(places.free.split(':')[1]));
    await expect.poll(() => callTool(gateway, token, 'act'), { timeout: SOON }).toBe('act');
    await expect
      .poll(() => statusOf(gateway, body.data.id), { timeout: SOON })
      .toMatchObject({ state: 'connected', lastError: null, toolCount: 2 });
    await remove(gateway, body.data.id);
    await late.stop();
  });
});

describe('a server that cannot work', () => {
  test.each(UNUSABLE)('500: is not stored, but 201 with handling=lenient: %s', async (_, configure, reason) => {
    const before = await count();
    const { status, body } = await create(gateway, configure(places));
    expect([status, body.error]).toMatchObject([
      500,
      {
        code: 'reload_failed',
        message: 'Reload failed; nothing was saved.',
        details: { recovered: true, reason: expect.stringContaining(reason) },
      },
    ]);
    expect(body.reload).toEqual({
      status: 'reload_failed',
      message: body.error.message,
      error: body.error.details.reason,
    });
    expect(await count()).toBe(before);

    const answer = await create(gateway, configure(places), {}, lenient('handling=lenient'));
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([201, 'handling=lenient']);
    const reload = { status: 'reloaded', message: RETRYING, error: expect.stringContaining(reason) };
    expect(answer.body.reload).toEqual(reload);
    await remove(gateway, answer.body.data.id);
  });
});

describe('Prefer', () => {
  const BROKEN = () => small({ command: 'no-such-command' });
  test.each([
    'respond-async, handling="lenient"; x=1',
    'handling = lenient',
    'HANDLING=lenient',
    'handling=lenient, handling=strict',
    'a="b, c" , handling=lenient',
  ])('201: %s', async (prefer) => {
    const { status, headers, body } = await create(gateway, BROKEN(), {}, lenient(prefer));
    expect([status, headers.get('preference-applied')]).toEqual([201, 'handling=lenient']);
    await remove(gateway, body.data.id);
  });

  // RFC 7240, section 2: of one preference that is given twice, the first counts.
  test.each([
    'respond-async',
    'handling=strict',
    'handling',
    'lenient',
    'xhandling=lenient',
    'handling=lenienter',
    'handling=strict, handling=lenient',
    'x="1, handling=lenient"',
    'respond-async; handling=lenient',
  ])('500: %s', async (prefer) => {
    const { status, body } = await create(gateway, BROKEN(), {}, lenient(prefer));
    expect([status, body.error.code]).toEqual([500, 'reload_failed']);
  });

  test('201 without Preference-Applied: the server starts, or the preference is unknown', async () => {
    for (const prefer of ['handling=lenient', 'respond-async, wait=10', 'handling=strict']) {
      const { status, headers, body } = await create(gateway, small(), {}, lenient(prefer));
      expect([status, headers.get('preference-applied'), body.reload.error]).toEqual([201, null, null]);
      await remove(gateway, body.data.id);
    }
  });
});
