import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createDatabase } from './store/support/postgres.ts';
import { createAccount } from './support/accounts.ts';
import { type Answer, askOnce } from './support/ask-once.ts';
import { credentialHeaders } from './support/client.ts';
import { startProgram } from './support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN } from './support/server.ts';

/** Times that the program is killed on each engine; `npm run soak` asks for 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2);
const WRITES = 200;

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'));
afterAll(() => rmSync(directory, { recursive: true }));

const team = credentialHeaders('team');
const token = credentialHeaders('token');
const endpointsOf = (url: string, accountId: string) => `${url}/integrated-account/${accountId}/mcp`;

/** Registers a server or mints an endpoint, by turns, and says whether that was acknowledged. */
async function write(url: string, accountId: string, name: string, index: number): Promise<boolean> {
  const [target, headers, body] =
    index % 2 === 0
      ? [`${url}/api/mcp-servers`, team, { name, url: 'https://x.example.com' }]
      : [endpointsOf(url, accountId), token, { name }];
  const { status } = await askOnce(target, 'post', '', { headers, body });
  return status === 201;
}

/** Writes all names at once, kills when `killAt` of them are answered, and answers those that were acknowledged. */
async function writeUntilKilled(
  url: string,
  accountId: string,
  names: readonly string[],
  killAt: number,
  kill: () => void,
): Promise<string[]> {
  let answers = 0;
  const acknowledged = names.map(async (name, index) => {
    const isAcknowledged = await write(url, accountId, name, index).catch(() => false);
    answers += isAcknowledged ? 1 : 0;
    if (answers === killAt) {
      kill();
    }
    return isAcknowledged ? name : '';
  });
  return (await Promise.all(acknowledged)).filter((name) => name !== '');
}

type Names = { name: string }[];

async function stored(url: string, accountId: string): Promise<{ names: string[]; servers: number; counted: number }> {
  const names: string[] = [];
  let counted = 0;
  for (let page = 0, more = true; more; page++) {
    const answer = await askOnce(url, 'get', `/api/mcp-servers?limit=100&page=${page}`, { headers: team });
    const { data } = answer.body as { data: { servers: Names; total_count: number; has_next: boolean } };
    names.push(...data.servers.map(({ name }) => name));
    counted = data.total_count;
    more = data.has_next;
  }
  const servers = names.length;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `?limit=1000&next_cursor=${cursor}`;
    const answer: Answer = await askOnce(endpointsOf(url, accountId), 'get', path, { headers: token });
    const body = answer.body as { result: Names; next_cursor: string | null };
    names.push(...body.result.map(({ name }) => name));
    cursor = body.next_cursor;
  }
  return { names, servers, counted };
}

describe.each(['sqlite', 'postgres'])('on %s', (engine) => {
  test(`killed in the middle of ${WRITES} writes, every acknowledged one is there, ${ROUNDS} times`, {
    timeout: 30_000 + ROUNDS * 10_000,
  }, async () => {
    const env: Record<string, string> = {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64'),
      GATEHOUSE_API_TOKEN: API_TOKEN,
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      ...(engine === 'postgres' && { DATABASE_URL: await createDatabase(inject('postgresUrl') ?? '') }),
    };
    const acknowledged: string[] = [];
    let accountId = '';
    for (let round = 0; round < ROUNDS; round++) {
      const program = startProgram(env);
      const url = await program.ready;
      accountId ||= (await createAccount({ url })).accountId;
      const killAt = 10 + Math.floor((round * (WRITES - 20)) / ROUNDS);
      const names = Array.from({ length: WRITES }, (_, index) => `round ${round} write ${index}`);
      const kept = await writeUntilKilled(url, accountId, names, killAt, () => program.child.kill('SIGKILL'));
      await program.exited;
      expect(kept.length).toBeGreaterThanOrEqual(killAt);
      acknowledged.push(...kept);
    }
    const program = startProgram(env);
    const { names, servers, counted } = await stored(await program.ready, accountId);
    expect(acknowledged.filter((name) => !names.includes(name))).toEqual([]);
    expect(counted).toBe(servers);
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
  });
});
