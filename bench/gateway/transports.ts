import { join } from 'node:path';
import type { GatehouseClient } from '../../src/client/client.ts';
import { type Defer, withClosers } from '../closers.ts';
import { median } from '../median.ts';
import { print } from '../print.ts';
import { callOf, TOOLS, VERSIONS, type Version } from './calls.ts';
import { mebibytesOfSessions, openLoop, type Sent } from './open-loop.ts';
import { mint, mintOver, runGatehouse, type Side, startProgram } from './sides.ts';

const CALLS_PER_SECOND = 100;
const ROUND_SECONDS = 3;
const ROUNDS = 5;
const SESSIONS = 1000;
/** The beginning of an answer that is searched for. */
const ANSWER_CHARS = 18;
/** MiB that 1,000 sessions may hold. */
const MAX_MEBIBYTES = 20;

const JSON_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const INITIALIZE: Sent = {
  headers: JSON_HEADERS,
  body: JSON.stringify({
    ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
    params: { protocolVersion: VERSIONS[0], capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  }),
  answer: '"protocolVersion"',
};
const echo = (version: Version): Sent => ({ ...callOf(version, 'echo'), answer: TOOLS.echo.answer });
/** Calls the only tool of an endpoint over a service. */
async function callOfService(url: string): Promise<Call> {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const answer = await fetch(url, { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(list) });
  const { result } = (await answer.json()) as { result: { tools: { name: string }[] } };
  const name = result.tools[0]?.name ?? '';
  return (version) => {
    const { headers, body } = callOf(version, 'echo');
    const { params, ...message } = JSON.parse(body);
    return {
      headers: { ...headers, ...(headers['Mcp-Name'] !== undefined && { 'Mcp-Name': name }) },
      body: JSON.stringify({ ...message, params: { ...params, name, arguments: {} } }),
      answer: TOOLS.echo.answer.trimEnd().slice(0, ANSWER_CHARS),
    };
  };
}

type Call = (version: Version) => Sent;
type Kind = {
  readonly title: string;
  /** Starts the server, and returns the URL of an endpoint over it. */
  readonly start: (client: GatehouseClient, defer: Defer) => Promise<string>;
  /** Makes what is sent there; the call of `echo` unless told. */
  readonly callAt?: (url: string) => Promise<Call>;
};

/** The URL of a program of the bench that serves a transport. */
const urlOf = async (transport: string, defer: Defer): Promise<string> =>
  (await startProgram(transport, 'pipe-server.ts', defer, transport)).urls[0] as string;

const KINDS: readonly Kind[] = [
  {
    title: 'Streamable HTTP',
    start: async (client, defer) => {
      const { urls } = await startProgram('direct', 'mcp-server.ts', defer);
      return (await mint(client, 1, urls[0] as string))[0] as string;
    },
  },
  {
    title: 'SSE',
    start: async (client, defer) => (await mint(client, 1, await urlOf('sse', defer), 'SSE'))[0] as string,
  },
  {
    title: 'WebSocket',
    start: async (client, defer) => {
      const url = (await urlOf('websocket', defer)).replace('http:', 'ws:');
      return (await mint(client, 1, url, 'WebSocket'))[0] as string;
    },
  },
  {
    title: 'stdio',
    start: async (client) => {
      const args = [join(import.meta.dirname, 'pipe-server.ts'), 'stdio'];
      const mcpServer = { name: 'bench', transport: 'stdio' as const, command: process.execPath, args };
      const made = succeeded(await client.POST('/admin/api/v1/mcp-servers', { body: { name: 'Bench', mcpServer } }));
      const [organization] = succeeded(await client.GET('/admin/api/v1/organizations', {}));
      const { id } = made.data;
      const path = { mcp_id: id };
      const body = { organizations: [organization?.id ?? ''] };
      succeeded(await client.PUT('/admin/api/v1/mcp-servers/{mcp_id}/organizations', { params: { path }, body }));
      return mintOver(client, id);
    },
  },
  {
    title: 'OpenAPI tools',
    callAt: callOfService,
    start: async (client, defer) => {
      const url = new URL(await urlOf('service', defer)).origin;
      const get = { summary: 'List pets', tags: ['pets'], responses: { 200: { description: 'Pets' } } };
      const document = {
        openapi: '3.1.0',
        info: { title: 'Pets', version: '1' },
        servers: [{ url }],
        paths: { '/pets': { get } },
      };
      const integration = succeeded(await client.POST('/integration', { body: { name: 'pets', document } }));
      const account = succeeded(
        await client.POST('/integrated-account', {
          body: {
            tenant_id: 'bench',
            environment_integration_id: integration.id,
            authentication_method: 'none',
          },
        }),
      );
      return mintOver(client, account.id);
    },
  },
];

function succeeded<T>({ data, error }: { readonly data?: T; readonly error?: unknown }): T {
  if (data === undefined) {
    throw new Error(`the gateway refused: ${JSON.stringify(error)}`);
  }
  return data;
}

/**
 * What a call costs over each transport, and through a tool of a document, at a fixed rate, and what sessions hold. All of
 * them are called in turn; the ratio is to the call over Streamable HTTP.
 */
export async function benchTransports(): Promise<void> {
  await withClosers(async (defer) => {
    const sides: { readonly call: Call; readonly side: Side }[] = [];
    for (const kind of KINDS) {
      // One gateway for each, so that its processor time and memory are those of one transport.
      const { client, pid } = await runGatehouse(defer);
      const url = await kind.start(client, defer);
      sides.push({ call: (await kind.callAt?.(url)) ?? echo, side: { name: kind.title, urls: [url], pid } });
    }
    for (const version of VERSIONS) {
      const samples = sides.map(() => [] as Awaited<ReturnType<typeof openLoop>>[]);
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [index, { call, side }] of sides.entries()) {
          const sample = await openLoop(side, call(version), CALLS_PER_SECOND, ROUND_SECONDS);
          // The first round warms up.
          round > 0 && samples[index]?.push(sample);
        }
      }
      const of = (index: number, pick: (sample: Awaited<ReturnType<typeof openLoop>>) => number) =>
        median((samples[index] ?? []).map(pick));
      for (const [index, { side }] of sides.entries()) {
        const cpu = of(index, (sample) => sample.cpuMicroseconds);
        const ratio = cpu / of(0, (sample) => sample.cpuMicroseconds);
        const [p50, p99] = [of(index, (sample) => sample.p50), of(index, (sample) => sample.p99)];
        print(
          `tools/call, ${version}, ${CALLS_PER_SECOND}/s, ${side.name}: ${Math.round(cpu)} µs of CPU for each call ` +
            `(${ratio.toFixed(2)}× Streamable HTTP), p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
        );
      }
    }
    for (const { call, side } of sides) {
      const mebibytes = await mebibytesOfSessions(side, INITIALIZE, call(VERSIONS[0]), SESSIONS);
      const isMet = mebibytes <= MAX_MEBIBYTES;
      print(
        `1,000 sessions, ${side.name}: ${mebibytes.toFixed(1)} MiB resident (bar ≤ ${MAX_MEBIBYTES} MiB) ${isMet ? 'met' : 'MISSED'}`,
      );
    }
  });
}
