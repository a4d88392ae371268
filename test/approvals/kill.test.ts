import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createDatabase } from '../store/support/postgres.ts';
import { askOnce } from '../support/ask-once.ts';
import { credentialHeaders } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { mintOver } from '../support/minted.ts';
import { startProgram } from '../support/process.ts';
import { API_KEY, API_SECRET, API_TOKEN } from '../support/server.ts';
import { decide, listRequests } from './support/approver.ts';
import { startRecorder } from './support/recorder.ts';

/** Times that the program is killed on each engine; `npm run soak` asks for 20. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2);
const CALLS = 24;

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-approvals-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What people and clients have been told: nothing of it may be lost. */
type Told = { readonly requests: Set<string>; readonly decisions: Map<string, 'approve' | 'deny'> };

/** Calls with these arguments. Returns the result, or null if the program died before it answered. */
async function run(url: string, token: string, index: number, round: number): Promise<Json | null> {
  const params = { name: 'write', arguments: { round, index } };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  const headers = { Accept: 'application/json' };
  const answer = await askOnce(url, 'post', `/mcp/${token}`, { headers, body }).catch(() => null);
  return answer?.body?.result ?? null;
}

const idIn = (result: Json | null): string | undefined => result?._meta?.['gatehouse/approval']?.id;

describe.each(['sqlite', 'postgres'])('on %s', (engine) => {
  test(`killed while people decide, ${ROUNDS} times: no request and no decision is lost, no yes is used twice`, {
    timeout: 60_000 + ROUNDS * 30_000,
  }, async () => {
    const upstream = await startRecorder('sessions');
    const env: Record<string, string> = {
      GATEHOUSE_DATA: join(directory, engine),
      GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64'),
      GATEHOUSE_EGRESS_ALLOW: '127.0.0.1',
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      GATEHOUSE_API_TOKEN: API_TOKEN,
      GATEHOUSE_APPROVAL_HOLD: '0',
      ...(engine === 'postgres' && { DATABASE_URL: await createDatabase(inject('postgresUrl') ?? '') }),
    };
    let program = startProgram(env);
    let url = await program.ready;
    const { token } = await mintOver({ url }, upstream.url, { approval_policy: 'require_approval_all' });

    for (let round = 0; round < ROUNDS; round += 1) {
      const told: Told = { requests: new Set(), decisions: new Map() };
      const arrivedBefore = upstream.calls.length;
      const killAt = 1 + Math.floor(Math.random() * CALLS * 3);
      let answers = 0;
      const count = (): void => {
        answers += 1;
        if (answers === killAt) {
          program.child.kill('SIGKILL');
        }
      };
      // Each asks, has a person decide, and calls again: the kill comes anywhere in between.
      await Promise.all(
        Array.from({ length: CALLS }, async (_, index) => {
          const id = idIn(await run(url, token, index, round));
          if (id === undefined) {
            return;
          }
          told.requests.add(id);
          count();
          const headers = credentialHeaders('team');
          const seen = await askOnce(url, 'get', `/api/approval-requests/${id}`, { headers }).catch(() => null);
          const decision = index % 4 === 0 ? 'deny' : 'approve';
          const decided = await decide({ url }, seen?.body?.data ?? {}, decision).catch(() => null);
          if (decided?.status !== 200) {
            return;
          }
          told.decisions.set(id, decision);
          count();
          await run(url, token, index, round);
          count();
        }),
      );
      program.child.kill('SIGKILL');
      await program.exited;
      program = startProgram(env);
      url = await program.ready;

      const kept = new Map<string, Json>();
      for (let page = 0; ; page += 1) {
        const found = await listRequests({ url }, { limit: '100', page: String(page) });
        for (const request of found) {
          kept.set(request.id, request);
        }
        if (found.length < 100) {
          break;
        }
      }
      for (const id of told.requests) {
        expect(kept.has(id), `${id} is lost`).toBe(true);
      }
      for (const [id, decision] of told.decisions) {
        expect(kept.get(id)?.decisions).toMatchObject([{ decision }]);
        expect(kept.get(id)?.status).toMatch(decision === 'deny' ? /^denied$/ : /^approved$|^used$/);
      }
      // What is approved and not used runs now, once; everything else waits, or was denied.
      for (let times = 0; times < 2; times += 1) {
        await Promise.all(Array.from({ length: CALLS }, (_, index) => run(url, token, index, round)));
      }
      const arrived = upstream.calls
        .slice(arrivedBefore)
        .map((raw) => (JSON.parse(raw) as Json).params.arguments.index);
      expect(arrived.length).toBe(new Set(arrived).size);
      const approved = [...kept.values()].filter(
        ({ id, status }) => status === 'approved' && told.decisions.get(id) === 'approve',
      );
      expect(arrived.length).toBeGreaterThanOrEqual(approved.length);
    }
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    await upstream.stop();
  });
});
