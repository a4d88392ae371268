import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../support/client.ts';
import { type Ask, connect, eraOf, WAYS, type Way } from '../support/mcp-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { KILLABLE } from '../support/table/killable.ts';

const CLIENTS_OF_EACH_WAY = 4;
const PAUSE_MS = 20;
/** The promise is 5 s; a test may not fail because the machine is busy. */
const SOON_MS = 15_000;

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

/** Calls a tool again and again as a good client does: it begins a new session after a 404. */
async function callOnAndOn(
  token: string,
  way: Way,
  isOver: () => boolean,
  note: (answer: Answer) => void,
): Promise<void> {
  let ask: Ask | undefined;
  while (!isOver()) {
    try {
      ask ??= await connect({ gateway, token }, way);
      const answer = await ask('tools/call', { name: 'echo', arguments: { text: way } });
      note(answer);
      ask = answer.status === 404 ? undefined : ask;
    } catch {
      // A session that could not be begun: the next attempt begins one.
      ask = undefined;
    }
    await delay(PAUSE_MS);
  }
}

const isGood = ({ body }: Answer, way: Way): boolean => body?.result?.content?.[0].text === `You said: ${way}`;

test.each(Object.entries(KILLABLE))(
  'a server over %s that is killed and started again under load serves every client again',
  async (name, start) => {
    const server = await start(gateway);
    let isOver = false;
    const good = new Map<string, number>();
    const failures = new Map<string, number>();
    const ways = WAYS.flatMap((way) => Array.from({ length: CLIENTS_OF_EACH_WAY }, (_, at) => ({ way, at })));
    const load = Promise.all(
      ways.map(({ way, at }) =>
        callOnAndOn(
          server.token,
          way,
          () => isOver,
          (answer) => {
            if (isGood(answer, way)) {
              good.set(`${way} ${at}`, performance.now());
            } else {
              const what = `${answer.status} ${answer.body?.error?.code}`;
              failures.set(what, (failures.get(what) ?? 0) + 1);
            }
          },
        ),
      ),
    );
    try {
      await expect.poll(() => good.size, { timeout: SOON_MS }).toBe(ways.length);
      const slowestMs: number[] = [];
      for (let kill = 0; kill < 3; kill++) {
        await server.killAndStart();
        const startedAt = performance.now();
        const isServed = () => [...good.values()].every((at) => at > startedAt);
        await expect.poll(isServed, { timeout: SOON_MS, interval: 10 }).toBe(true);
        slowestMs.push(Math.round(performance.now() - startedAt));
        await delay(200);
      }
      const told = [...failures].map(([what, count]) => `${count} × ${what}`).join(', ');
      process.stdout.write(
        `killed under load, ${name}: served again after ${slowestMs.join(', ')} ms; meanwhile ${told}\n`,
      );
      // A failure of the server, which names it, or the loss of a session: nothing else.
      expect([...failures.keys()].filter((what) => !/^(?:502|404) -32003$/.test(what))).toEqual([]);
    } finally {
      isOver = true;
      await load;
      await server.stop();
    }
  },
);

test('every era of clients is under load', () => {
  expect(new Set(WAYS.map(eraOf))).toEqual(new Set(['handshake', 'stateless']));
});
