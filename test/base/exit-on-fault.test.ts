import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { connect } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startProgram } from '../support/process.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from '../support/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-fault-'));
let server: Scripted;
beforeAll(async () => {
  server = await startScripted('stateless');
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

const start = (more: Record<string, string> = {}) =>
  startProgram(
    {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
      GATEHOUSE_API_TOKEN: API_TOKEN,
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      GATEHOUSE_EGRESS_ALLOW: '127.0.0.1',
      GATEHOUSE_LOG_LEVEL: 'fatal',
      FAULT_SECRET: API_TOKEN,
      ...more,
    },
    // Ready is what is logged on the level info.
    ['-r', './test/base/support/fault.cjs', 'src/main.ts'],
  );

const fatalIn = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.includes('"level":60'))
    .map((line) => JSON.parse(line));

describe('an uncaught error', () => {
  test.each([
    ['throw', 'TypeError', 'uncaughtException'],
    ['reject', 'Error', 'unhandledRejection'],
    ['reject with a text', 'UnhandledPromiseRejection', 'unhandledRejection'],
    ['parse', 'SyntaxError', 'uncaughtException'],
    ['emit', 'Error', 'uncaughtException'],
  ])('(%s) is logged as one fatal line without secrets, and the program exits with 1', async (fault, type, origin) => {
    const program = start({ FAULT: fault, GATEHOUSE_LOG_LEVEL: 'info' });
    await program.ready;
    program.child.kill('SIGUSR2');
    expect(await program.exited).toBe(1);
    const lines = fatalIn(program.output());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ msg: `${origin}: the program stops`, err: { type, stack: expect.any(String) } });
    expect(program.output()).not.toContain(API_TOKEN);
  });

  test('does not lose waiting audit entries, gives calls in flight time to end, and stops the started processes', async () => {
    const program = start({ FAULT: 'throw', GATEHOUSE_LOG_LEVEL: 'info' });
    const url = await program.ready;
    const { token } = await mintOver({ url }, server.url);
    const ask = await connect({ gateway: { url }, token }, 'stateless');
    await ask('tools/list');
    const answer = server.script['tools/call'];
    const asked = server.next('tools/call');
    server.script['tools/call'] = (response, got) => void setTimeout(() => answer?.(response, got), 300);
    const inFlight = ask('tools/call', { name: 'act' });
    await asked;
    server.script['tools/call'] = answer as NonNullable<typeof answer>;
    await ask('tools/call', { name: 'look' });
    program.child.kill('SIGUSR2');
    expect((await inFlight).body.result.content[0].text).toBe('act');
    expect(await program.exited).toBe(1);
    const next = start({ GATEHOUSE_LOG_LEVEL: 'info' });
    const { body } = await call(await next.ready, 'listAuditEvents', { query: { action: 'tool.called' } });
    expect(
      body.data.map((event: { target: { id: string } }) => event.target.id.replace(/.*\//, '')).toSorted(),
    ).toEqual(['act', 'look']);
    next.child.kill('SIGTERM');
    expect(await next.exited).toBe(0);
  });
});
