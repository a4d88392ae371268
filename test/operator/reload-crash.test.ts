import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startGatewayProgram } from '../support/gateway-program.ts';
import { ROOT } from '../support/process.ts';
import { callTool, change, created, share, stdio } from '../support/shared-servers.ts';

/** Times that the program is killed; `npm run soak` asks for 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3);

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-reload-crash-'));
afterAll(() => rmSync(directory, { recursive: true }));

const tiny = (word: string) =>
  stdio('crashed', { args: [join(ROOT, 'test/support/tiny-stdio.cjs')], env: { WORD: word } });

test(`runs the stored configuration after ${ROUNDS} kills during a reload`, {
  timeout: 30_000 + ROUNDS * 10_000,
}, async () => {
  let gateway = await startGatewayProgram(directory);
  const id = await created(gateway, tiny('word-0'));
  const { token } = await share(gateway, id);
  for (let round = 1; round <= ROUNDS; round++) {
    const reload = change(gateway, id, { mcpServer: tiny(`word-${round}`) }).catch(() => null);
    await delay(Math.random() * 150);
    gateway.program.child.kill('SIGKILL');
    const answer = await reload;
    await gateway.program.exited;
    gateway = await startGatewayProgram(directory);
    const stored = (await call(gateway.url, 'getSharedServer', { path: { mcp_id: id } })).body.mcpServer.env.WORD;
    expect(answer?.status === 200 ? [`word-${round}`] : [`word-${round}`, `word-${round - 1}`]).toContain(stored);
    await expect.poll(() => callTool(gateway, token, 'word'), { timeout: 10_000 }).toBe(stored);
    // The next round begins with what is known to be there.
    await change(gateway, id, { mcpServer: tiny(`word-${round}`) });
  }
  gateway.program.child.kill('SIGTERM');
  expect(await gateway.program.exited).toBe(0);
});
