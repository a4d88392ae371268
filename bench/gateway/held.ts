import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatehouseClient } from '../../src/client/client.ts';
import { withClosers } from '../closers.ts';
import { print, report } from '../print.ts';
import { residentMebibytes } from '../usage.ts';
import { mintOver, runGatehouse, startProgram } from './sides.ts';

/** Calls that are held at the same time: as many as one organization may have. */
const HELD_CALLS = 1000;
/** Seconds for which clients are held, and people have time: longer than the bench. */
const PATIENCE_SECONDS = '1800';
/** Milliseconds until what is no longer needed is given back. */
const SETTLE_MS = 3000;
const PAGE_REQUESTS = 100;
const MAX_REACH_MS = 100;
const MAX_MEBIBYTES = 100;

/** A thousand calls that wait for a person at once: how soon a decision reaches its call, and the memory they take. */
export async function benchHeld(): Promise<void> {
  await withClosers(async (defer) => {
    const [upstream = ''] = (await startProgram('server', 'mcp-server.ts', defer)).urls;
    const env = { GATEHOUSE_APPROVAL_HOLD: PATIENCE_SECONDS, GATEHOUSE_APPROVAL_TIMEOUT: PATIENCE_SECONDS };
    const { client, pid } = await runGatehouse(defer, env);
    const url = await register(client, upstream);
    // So that what it takes is compiled.
    await decideAll(client, await holdAll(url, 50));
    await delay(SETTLE_MS);
    const atRest = residentMebibytes(pid);
    report(`holding ${HELD_CALLS} calls`);
    const held = await holdAll(url, HELD_CALLS);
    await delay(SETTLE_MS);
    const whileHeld = residentMebibytes(pid);
    const milliseconds = await decideAll(client, held);
    await delay(SETTLE_MS);
    const afterwards = residentMebibytes(pid);
    const sorted = milliseconds.toSorted((a, b) => a - b);
    const part = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const above = whileHeld - atRest;
    print(`${HELD_CALLS.toLocaleString('en')} calls held at once`);
    print(
      `  a decision reaches its call: p50 ${part(0.5).toFixed(1)} ms, p99 ${part(0.99).toFixed(1)} ms (bar ≤ ${MAX_REACH_MS} ms) ${met(part(0.99) <= MAX_REACH_MS)}`,
    );
    print(
      `  memory above rest: ${above.toFixed(0)} MiB (bar ≤ ${MAX_MEBIBYTES} MiB) ${met(above <= MAX_MEBIBYTES)}; ${(afterwards - atRest).toFixed(0)} MiB when all are answered`,
    );
  });
}

const met = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');

/** A held call, by the digest of its arguments. Resolves with when its answer was whole. */
type Held = ReadonlyMap<string, Promise<number>>;

async function register(client: GatehouseClient, url: string): Promise<string> {
  const { data, error } = await client.POST('/api/mcp-servers', {
    body: { name: 'Bench', url, approval_policy: 'require_approval_all' },
  });
  if (data === undefined) {
    throw new Error(`the server was not registered: ${JSON.stringify(error)}`);
  }
  return mintOver(client, data.data.id.replace('mcp_', ''));
}

let calls = 0;

/** Calls that are sent at once: an endpoint has no more requests under way, and a held call is not under way. */
const WAVE_CALLS = 50;

/** Calls so often, each time with other arguments. Resolves when each call is held, which the head of its stream says. */
async function holdAll(url: string, count: number): Promise<Held> {
  const held = new Map<string, Promise<number>>();
  while (held.size < count) {
    await holdWave(url, held);
  }
  return held;
}

async function holdWave(url: string, held: Map<string, Promise<number>>): Promise<void> {
  await Promise.all(
    Array.from({ length: WAVE_CALLS }, async () => {
      calls += 1;
      const args = { text: `call ${calls}` };
      const body = { jsonrpc: '2.0', id: calls, method: 'tools/call', params: { name: 'echo', arguments: args } };
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        body: JSON.stringify(body),
      });
      const whole = response.text().then((text) => {
        if (!text.includes('the answer of echo')) {
          throw new Error(`a call was not answered: ${text}`);
        }
        return performance.now();
      });
      held.set(hash('sha256', JSON.stringify(args)), whole);
    }),
  );
}

/** Approves every call, one after the other. Returns how many milliseconds after the decision each was answered. */
async function decideAll(client: GatehouseClient, held: Held): Promise<number[]> {
  const milliseconds: number[] = [];
  while (milliseconds.length < held.size) {
    const query = { status: 'pending', limit: PAGE_REQUESTS } as const;
    const { data } = await client.GET('/api/approval-requests', { params: { query } });
    for (const { id, arguments_digest, definition_hash } of data?.data.requests ?? []) {
      const { error } = await client.POST('/api/approval-requests/{approvalRequestId}/decision', {
        params: { path: { approvalRequestId: id } },
        body: { decision: 'approve', arguments_digest, definition_hash },
      });
      const decidedAt = performance.now();
      if (error !== undefined) {
        throw new Error(`a call was not approved: ${JSON.stringify(error)}`);
      }
      milliseconds.push(Math.max(0, ((await held.get(arguments_digest)) ?? Number.NaN) - decidedAt));
    }
  }
  return milliseconds;
}
