import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createClient, type GatehouseClient } from '../../src/client/client.ts';
import type { Defer } from '../closers.ts';
import { ADMIN_TOKEN, API_KEY, API_SECRET, API_TOKEN } from '../credentials.ts';
import { npmStart } from '../start.ts';

/** Something that answers `tools/call`, in a process of its own. */
export type Side = {
  readonly name: string;
  /** Where it is called: calls are spread over them. */
  readonly urls: readonly string[];
  readonly pid: number | undefined;
  /** Large calls take it so long that it is asked for fewer. */
  readonly isSlow?: true;
};

/** A program of this folder, in front of that server if it needs one. */
export async function startProgram(name: string, file: string, defer: Defer, upstream?: string): Promise<Side> {
  const child = fork(join(import.meta.dirname, file), upstream === undefined ? [] : [upstream], { execArgv: [] });
  defer(async () => {
    child.kill();
  });
  const [url] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (typeof url !== 'string') {
    throw new Error(`${file} ended with ${url} before it listened`);
  }
  return { name, urls: [url], pid: child.pid };
}

/** Gatehouse as `npm start` of a checkout runs it, with one server registered and so many endpoints minted over it. */
export async function startGatehouse(
  name: string,
  endpoints: number,
  defer: Defer,
  upstream: string,
  root?: string,
): Promise<Side> {
  const { client, pid } = await runGatehouse(defer, {}, root);
  return { name, urls: await mint(client, endpoints, upstream), pid };
}

/** Gatehouse as `npm start` runs it, and a client with all its credentials. */
export async function runGatehouse(
  defer: Defer,
  env: Readonly<Record<string, string>> = {},
  root?: string,
): Promise<{ client: GatehouseClient; url: string; pid: number | undefined }> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  defer(async () => rmSync(directory, { recursive: true }));
  const child = npmStart(
    {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_PORT: '0',
      GATEHOUSE_ADMIN_TOKEN: ADMIN_TOKEN,
      GATEHOUSE_API_TOKEN: API_TOKEN,
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      GATEHOUSE_EGRESS_ALLOW: '127.0.0.1',
      ...env,
    },
    'pipe',
    root,
  );
  const ended = once(child, 'exit');
  defer(async () => {
    child.kill();
    await ended;
  });
  const baseUrl = await listening(child.stdout as Readable);
  const credentials = { apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET, operatorToken: ADMIN_TOKEN };
  return { client: createClient({ baseUrl, ...credentials }), url: baseUrl, pid: child.pid };
}

/** The URL in the log line of a server that is ready. What it logs afterwards is read and dropped. */
async function listening(log: Readable): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'ready') {
      log.resume();
      return url;
    }
  }
  throw new Error('npm start ended before it was ready');
}

/** Registers the server and mints endpoints that serve what only reads: their scope and policy are asked at each call. */
export async function mint(
  client: GatehouseClient,
  endpoints: number,
  upstream: string,
  transport: 'STREAMABLE_HTTP' | 'SSE' | 'WebSocket' = 'STREAMABLE_HTTP',
): Promise<string[]> {
  const { data: registered, error } = await client.POST('/api/mcp-servers', {
    body: { name: 'Bench', url: upstream, approval_policy: 'auto_approve_all', transport },
  });
  if (registered === undefined) {
    throw new Error(`the server was not registered: ${JSON.stringify(error)}`);
  }
  const urls: string[] = [];
  while (urls.length < endpoints) {
    urls.push(await mintOver(client, registered.data.id.replace('mcp_', ''), `Bench ${urls.length}`));
  }
  return urls;
}

/** Mints an endpoint over an account that serves what only reads. Returns its URL. */
export async function mintOver(client: GatehouseClient, accountId: string, name = 'Bench'): Promise<string> {
  const { data: minted, error } = await client.POST('/integrated-account/{integrated_account_id}/mcp', {
    params: { path: { integrated_account_id: accountId } },
    body: { name, config: { methods: ['read'] } },
  });
  if (minted === undefined) {
    throw new Error(`no endpoint was minted: ${JSON.stringify(error)}`);
  }
  return minted.url;
}
