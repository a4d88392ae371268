import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentialHeaders } from '../support/client.ts';
import { compiledOnce, isAlive } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { callTool, created, remove, share, stdio, unique } from '../support/shared-servers.ts';

const MIB = 1024 * 1024;
/** Milliseconds: many times what it takes, for a machine that is busy. */
const SOON = 20_000;

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer();
});
afterAll(() => gateway.stop());

const odd = () => stdio(unique(), { args: compiledOnce('test/support/odd-stdio-server.ts') });

/** A process that served, does this, and must be ended and replaced by another. */
async function started(tool: string) {
  const id = await created(gateway, odd());
  const { token } = await share(gateway, id);
  const pid = await callTool(gateway, token, tool);
  expect(pid).toMatch(/^\d+$/);
  const replaced = async () => {
    await expect.poll(() => callTool(gateway, token, 'pid'), { timeout: SOON }).toMatch(/^\d+$/);
    expect(await callTool(gateway, token, 'pid')).not.toBe(pid);
    await expect.poll(() => isAlive(Number(pid)), { timeout: SOON }).toBe(false);
    await remove(gateway, id);
  };
  return { token, replaced };
}

test('a process that closes its input fails its calls and is started again', async () => {
  const { token, replaced } = await started('unplug');
  expect(await callTool(gateway, token, 'pid')).toContain('reads nothing any more; what it was asked may have been');
  await replaced();
});

test('a process that reads nothing is ended before its input fills the memory, and started again', async () => {
  const { token, replaced } = await started('deafen');
  const big = 'x'.repeat(3.5 * MIB);
  const answers = await Promise.all(Array.from({ length: 12 }, () => callTool(gateway, token, 'pid', { big })));
  const failed = answers.filter((answer) => answer.includes('does not read what it is sent; what it was asked may'));
  expect(failed.length).toBeGreaterThan(0);
  // What came after the end went to the next one.
  expect(answers.filter((answer) => !failed.includes(answer) && !/^\d+$/.test(answer))).toEqual([]);
  await replaced();
});

test('no process that starts while the gateway stops remains, even if it ignores signals', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  const PIDS = join(folder, 'pids');
  const source = `
    process.on('SIGTERM', () => undefined);
    setInterval(() => undefined, 1000);
    process.stdin.resume();
    require('node:fs').appendFileSync(process.env.PIDS, process.pid + '\\n');`;
  const stopping = await startTestServer();
  const leaving = new AbortController();
  const mcpServer = stdio(unique(), { args: ['-e', source], env: { PIDS } });
  const creating = fetch(`${stopping.url}/admin/api/v1/mcp-servers`, {
    method: 'POST',
    headers: { ...credentialHeaders('operator'), 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Stubborn', mcpServer }),
    signal: leaving.signal,
  });
  const pids = async () => (await readFile(PIDS, 'utf8').catch(() => '')).split('\n').slice(0, -1).map(Number);
  await expect.poll(pids, { timeout: SOON }).toHaveLength(1);
  expect((await pids()).map(isAlive)).toEqual([true]);
  // Else the end would wait for the answer, and nothing would be under way any more.
  leaving.abort(new Error('gone'));
  await expect(creating).rejects.toThrow('gone');
  await stopping.stop();
  expect((await pids()).map(isAlive)).toEqual([false]);
  await rm(folder, { recursive: true });
});
