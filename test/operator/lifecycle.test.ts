import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type GatewayProgram, startGatewayProgram } from '../support/gateway-program.ts';
import { isAlive, type Program, ROOT } from '../support/process.ts';
import { callTool, create, created, share, statusOf, stdio } from '../support/shared-servers.ts';

/** Servers that are created and deleted; `npm run soak` asks for 1,000. */
const CYCLES = Number(process.env.CYCLES ?? 40);
/** What the program has grown to after as many is where it stays. */
const WARM_UP = 20;
/** Bytes by which it may grow from then on. */
const GROWTH = 20 * 1024 * 1024;

const tiny = (name: string) => stdio(name, { args: [join(ROOT, 'test/support/tiny-stdio.cjs')] });

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-lifecycle-'));
let gateway: GatewayProgram;

async function start(): Promise<void> {
  gateway = await startGatewayProgram(directory);
}

async function stop(): Promise<void> {
  gateway.program.child.kill('SIGTERM');
  expect(await gateway.program.exited).toBe(0);
}

beforeAll(start);
afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

const pidOf = ({ child }: Program): number => child.pid as number;

/** The processes that a process has started and not seen the end of (proc_pid_stat(5)). */
const childrenOf = (pid: number): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/stat`, 'utf8')];
      } catch {
        return [];
      }
    })
    .filter((stat) => stat.split(') ').at(-1)?.split(' ')[1] === String(pid));

const filesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

async function cycle(index: number): Promise<void> {
  const mcp_id = await created(gateway, tiny(`cycle-${index}`));
  expect((await call(gateway.url, 'deleteSharedServer', { path: { mcp_id } })).status).toBe(200);
}

test.skipIf(process.platform !== 'linux')(
  `${CYCLES} created and deleted local processes leave nothing behind`,
  { timeout: 60_000 + CYCLES * 1000 },
  async () => {
    const pid = pidOf(gateway.program);
    for (let index = 0; index < WARM_UP; index++) {
      await cycle(index);
    }
    await expect.poll(() => childrenOf(pid), { timeout: 10_000 }).toEqual([]);
    const [files, memory] = [filesOf(pid), memoryOf(pid)];
    for (let index = 0; index < CYCLES; index++) {
      await cycle(index);
    }
    await expect.poll(() => childrenOf(pid), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => filesOf(pid), { timeout: 10_000 }).toBeLessThanOrEqual(files);
    expect(memoryOf(pid) - memory).toBeLessThan(GROWTH);
    expect(gateway.program.output()).not.toContain('MaxListenersExceededWarning');
  },
);

test('a killed process is started again', async () => {
  const id = await created(gateway, stdio('killed'));
  const { token } = await share(gateway, id);
  const pid = Number(await callTool(gateway, token, 'pid'));
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => callTool(gateway, token, 'pid'), { timeout: 5000 }).toMatch(/^\d+$/);
  await expect.poll(async () => (await statusOf(gateway, id)).state, { timeout: 5000 }).toBe('connected');
});

test('starts even if a server is down, reconnects the others, and ends all when it stops', async () => {
  const id = await created(gateway, stdio('kept'));
  const { token } = await share(gateway, id);
  const down = (await create(gateway, { name: 'down', url: 'http://127.0.0.1:9/mcp' })).body.data.id;
  const silent = stdio('silent', { args: ['-e', 'setInterval(() => {}, 1000)'], timeoutSeconds: 3 });
  const hanging = (await create(gateway, silent, {}, { headers: { Prefer: 'handling=lenient' } })).body.data.id;
  const before = Number(await callTool(gateway, token, 'pid'));
  await stop();
  await expect.poll(() => isAlive(before)).toBe(false);

  await start();
  const ready = await call(gateway.url, 'getReadiness');
  expect(ready.status).toBe(200);
  expect((await statusOf(gateway, hanging)).state).toBe('connecting');
  await expect.poll(async () => (await statusOf(gateway, down)).state).toBe('unreachable');
  await expect.poll(() => callTool(gateway, token, 'echo', { text: 'back' }), { timeout: 5000 }).toBe('back');
});
