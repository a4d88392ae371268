import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createDatabase } from './store/support/postgres.ts';
import { credentialHeaders } from './support/client.ts';
import { startProgram } from './support/process.ts';
import { API_KEY, API_SECRET } from './support/server.ts';

/** Times that the program is killed on each engine; `npm run soak` asks for 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2);
const WRITES = 200;

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'));
afterAll(() => rmSync(directory, { recursive: true }));

const headers = { ...credentialHeaders('team'), 'Content-Type': 'application/json' };

/** Registers servers, many at a time, and answers the names of those that were acknowledged before the connection ended. */
async function register(url: string, names: readonly string[], onAnswer: () => void): Promise<string[]> {
  const answers = names.map(async (name) => {
    try {
      const body = JSON.stringify({ name, url: 'https://x.example.com' });
      const { status } = await fetch(`${url}/api/mcp-servers`, { method: 'POST', headers, body });
      onAnswer();
      return status === 201 ? name : '';
    } catch {
      return '';
    }
  });
  return (await Promise.all(answers)).filter((name) => name !== '');
}

async function registered(url: string): Promise<{ names: string[]; total: number }> {
  const names: string[] = [];
  let total = 0;
  for (let page = 0, more = true; more; page++) {
    const answer = await fetch(`${url}/api/mcp-servers?limit=100&page=${page}`, { headers });
    const { data } = (await answer.json()) as {
      data: { servers: { name: string }[]; total_count: number; has_next: boolean };
    };
    names.push(...data.servers.map(({ name }) => name));
    total = data.total_count;
    more = data.has_next;
  }
  return { names, total };
}

describe.each(['sqlite', 'postgres'])('on %s', (engine) => {
  test(`killed in the middle of ${WRITES} writes, every acknowledged one is there, ${ROUNDS} times`, {
    timeout: 30_000 + ROUNDS * 10_000,
  }, async () => {
    const postgres = inject('postgresUrl') ?? '';
    const env: Record<string, string> = {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64'),
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      ...(engine === 'postgres' && { DATABASE_URL: await createDatabase(postgres) }),
    };
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const program = startProgram(env);
      const url = await program.ready;
      const before = acknowledged.length;
      let answers = 0;
      const killAt = 10 + Math.floor((round * (WRITES - 20)) / ROUNDS);
      const names = Array.from({ length: WRITES }, (_, index) => `round ${round} write ${index}`);
      acknowledged.push(
        ...(await register(url, names, () => {
          answers += 1;
          if (answers === killAt) {
            program.child.kill('SIGKILL');
          }
        })),
      );
      await program.exited;
      expect(acknowledged.length - before).toBeGreaterThanOrEqual(killAt);
    }
    const program = startProgram(env);
    const { names, total } = await registered(await program.ready);
    expect(acknowledged.filter((name) => !names.includes(name))).toEqual([]);
    expect(total).toBe(names.length);
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
  });
});
