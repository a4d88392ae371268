import { setTimeout as delay } from 'node:timers/promises';
import type { GatehouseClient } from '../../src/client/client.ts';
import { withClosers } from '../closers.ts';
import { print, report } from '../print.ts';
import { callOf, TOOLS } from './calls.ts';
import { runGatehouse, startProgram } from './sides.ts';

/** Servers that are connected, those of them that are called, and reloads of another one. */
const CONNECTED = 1000;
const CALLED = 8;
const RELOADS = 200;
/** Milliseconds between two calls, between two reloads, and for which calls are looked at before them. */
const PERIOD = 5;
const PAUSE = 25;
const AT_REST = 5000;

/** A reload of one server among a thousand that are connected, and what the calls to others notice of it. */
export async function benchReload(): Promise<void> {
  await withClosers(async (defer) => {
    const [upstream = ''] = (await startProgram('server', 'mcp-server.ts', defer)).urls;
    const { client } = await runGatehouse(defer);
    report(`connecting ${CONNECTED} servers`);
    const ids: string[] = [];
    while (ids.length < CONNECTED) {
      ids.push(await create(client, ids.length, upstream));
    }
    const [reloaded = '', ...others] = ids;
    const urls = await Promise.all(others.slice(0, CALLED).map((id) => mint(client, id)));
    // So that every endpoint has been called, and what it takes compiled.
    await callFor(urls, delay(AT_REST / 2));
    const atRest = await callFor(urls, delay(AT_REST));
    const reloads: number[] = [];
    const during = await callFor(urls, reload(client, reloaded, upstream, reloads));
    const p = (values: readonly number[], part: number) =>
      (values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN).toFixed(1);
    print(
      `reload of one server among ${CONNECTED.toLocaleString('en')} connected: p50 ${p(reloads, 0.5)} ms, p99 ${p(reloads, 0.99)} ms (${RELOADS} reloads)`,
    );
    print(
      `  calls to the others: p99 ${p(during, 0.99)} ms during it, ${p(atRest, 0.99)} ms at rest; longest ${p(during, 1 - 1 / during.length)} and ${p(atRest, 1 - 1 / atRest.length)} ms`,
    );
  });
}

async function create(client: GatehouseClient, index: number, url: string): Promise<string> {
  const mcpServer = { name: `bench-${index}`, url };
  const { data, error } = await client.POST('/admin/api/v1/mcp-servers', {
    body: { name: `Bench ${index % 90} ${index}`, mcpServer },
  });
  if (data === undefined || data.reload.error !== null) {
    throw new Error(`server ${index} was not connected: ${JSON.stringify(data?.reload ?? error)}`);
  }
  return data.data.id;
}

async function mint(client: GatehouseClient, id: string): Promise<string> {
  const path = { mcp_id: id };
  await client.PUT('/admin/api/v1/mcp-servers/{mcp_id}/organizations', {
    params: { path },
    body: { organizations: 'all' },
  });
  const { data, error } = await client.POST('/integrated-account/{integrated_account_id}/mcp', {
    params: { path: { integrated_account_id: id } },
    body: { name: 'Bench' },
  });
  if (data === undefined) {
    throw new Error(`no endpoint was minted: ${JSON.stringify(error)}`);
  }
  return data.url;
}

/** Reloads a server with other headers each time; how long each took goes into `milliseconds`. */
async function reload(client: GatehouseClient, id: string, url: string, milliseconds: number[]): Promise<void> {
  for (let turn = 0; turn < RELOADS; turn++) {
    const at = performance.now();
    const mcpServer = { name: 'bench-0', url, headers: { 'X-Turn': String(turn) } };
    const { data, error } = await client.PATCH('/admin/api/v1/mcp-servers/{mcp_id}', {
      params: { path: { mcp_id: id } },
      body: { mcpServer },
    });
    milliseconds.push(performance.now() - at);
    if (data?.reload.status !== 'reloaded') {
      throw new Error(`a reload failed: ${JSON.stringify(error)}`);
    }
    await delay(PAUSE);
  }
}

/** Calls a tool through the endpoints in turn, at a steady pace, until `end`; answers how many milliseconds each took. */
async function callFor(urls: readonly string[], end: Promise<unknown>): Promise<number[]> {
  const milliseconds: number[] = [];
  const calls: Promise<void>[] = [];
  const { headers, body } = callOf('2025-11-25', 'echo');
  const call = async (url: string): Promise<void> => {
    const at = performance.now();
    const answer = await (await fetch(url, { method: 'POST', headers, body })).text();
    milliseconds.push(performance.now() - at);
    if (!answer.includes(TOOLS.echo.answer)) {
      throw new Error(`a call failed: ${answer.slice(0, 500)}`);
    }
  };
  const timer = setInterval(() => calls.push(call(urls[calls.length % urls.length] as string)), PERIOD);
  try {
    await end;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(calls);
  return milliseconds;
}
