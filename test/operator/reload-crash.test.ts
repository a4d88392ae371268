import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type Program, ROOT, startProgram } from '../support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from '../support/server.ts';
import { callTool, change, created, share, stdio } from '../support/shared-servers.ts';

/** Times that the program is killed; `npm run soak` asks for 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3);

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-reload-crash-'));
afterAll(() => rmSync(directory, { recursive: true }));

const tiny = (word: string) =>
  stdio('crashed', { args: [join(ROOT, 'test/support/tiny-stdio.cjs')], env: { WORD: word } });

const start = (): Program =>
  startProgram({
    GATEHOUSE_DATA: directory,
    GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
    GATEHOUSE_API_TOKEN: API_TOKEN,
    GATEHOUSE_API_KEY: API_KEY,
    GATEHOUSE_API_SECRET: API_SECRET,
  });

test(`killed during a reload, ${ROUNDS} times: what runs is what is stored`, {
  timeout: 30_000 + ROUNDS * 10_000,
}, async () => {
  let program = start();
  let url = await program.ready;
  const organizations = (await call(url, 'listOrganizations')).body;
  const gateway = { url, organizationId: organizations[0].id };
  const id = await created(gateway, tiny('word-0'));
  const { token } = await share(gateway, id);
  for (let round = 1; round <= ROUNDS; round++) {
    const reload = change({ ...gateway, url }, id, { mcpServer: tiny(`word-${round}`) }).catch(() => null);
    await delay(Math.random() * 150);
    program.child.kill('SIGKILL');
    const answer = await reload;
    await program.exited;
    program = start();
    url = await program.ready;
    const stored = (await call(url, 'getSharedServer', { path: { mcp_id: id } })).body.mcpServer.env.WORD;
    expect(answer?.status === 200 ? [`word-${round}`] : [`word-${round}`, `word-${round - 1}`]).toContain(stored);
    await expect.poll(() => callTool({ url }, token, 'word'), { timeout: 10_000 }).toBe(stored);
    // The next round begins with what is known to be there.
    await change({ ...gateway, url }, id, { mcpServer: tiny(`word-${round}`) });
  }
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});
