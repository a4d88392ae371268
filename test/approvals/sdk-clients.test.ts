import { createServer } from 'node:http';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { mint, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { decide, getRequest, waitingRequest } from './support/approver.ts';
import { type Recorder, type RecorderTransport, startRecorder, TRANSPORTS } from './support/recorder.ts';

const POLICY = { approval_policy: 'require_approval_all' };
const INFO = { name: 'test', version: '1' };
const DISCOVERY = { tool_exposure: 'discovery' };

/** An endpoint of each kind, with one tool. */
type Source = {
  readonly url: string;
  /** The name of the tool. */
  readonly tool: string;
  /** The calls that have come. */
  readonly calls: readonly unknown[];
  readonly isDiscovery: boolean;
  /** Whether clients of the versions with a handshake get a session of their own. */
  readonly hasSessions: boolean;
};

let gateway: TestServer;
const recorders: Recorder[] = [];
const sources = new Map<string, Source>();
const stops: (() => Promise<unknown>)[] = [];

async function addServer(transport: RecorderTransport): Promise<void> {
  const upstream = await startRecorder(transport);
  recorders.push(upstream);
  const minted = await mintOver(gateway, upstream.url, { name: transport, transport: upstream.transport, ...POLICY });
  const hasSessions = transport === 'sessions';
  const source = { url: minted.url, tool: 'write', calls: upstream.calls, isDiscovery: false, hasSessions };
  sources.set(transport, source);
  if (hasSessions) {
    const { url } = await mint(gateway, minted.serverId, DISCOVERY);
    sources.set('discovery mode over sessions', { ...source, url, isDiscovery: true });
  }
}

async function addIntegration(): Promise<void> {
  const calls: unknown[] = [];
  const service = createServer((request, response) => {
    calls.push(request.url);
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end('Written.');
  });
  const { port, stop } = await listenOn(service);
  stops.push(stop);
  const parameters = [{ name: 'cell', in: 'query', schema: { type: 'string' } }];
  const document = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    servers: [{ url: 'https://x.example.com' }],
    paths: {
      '/x': { post: { operationId: 'write', summary: 'Writes', parameters, responses: { 200: { description: 'x' } } } },
    },
  };
  const body = { name: 'service', document, base_url: `http://127.0.0.1:${port}`, ...POLICY };
  const integration = (await call(gateway.url, 'createIntegration', { body })).body;
  const account = { tenant_id: 'x', environment_integration_id: integration.id, authentication_method: 'none' };
  const { id } = (await call(gateway.url, 'createAccount', { body: account })).body;
  const path = { integrated_account_id: id as string };
  const [{ name: tool }] = (await call(gateway.url, 'listAccountTools', { path: { id: id as string } })).body.result;
  for (const [name, config] of [
    ['an OpenAPI account', {}],
    ['discovery mode over an OpenAPI account', DISCOVERY],
  ] as const) {
    const { url } = (await call(gateway.url, 'createEndpoint', { path, body: { name, config } })).body;
    sources.set(name, { url, tool, calls, isDiscovery: name.startsWith('discovery'), hasSessions: false });
  }
}

beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '60' } });
  for (const transport of TRANSPORTS) {
    await addServer(transport);
  }
  await addIntegration();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([...recorders.map(({ stop }) => stop()), ...stops.map((stop) => stop())]);
});

type Asked = string[];
type Sdk = {
  /** Connects a client; with `asked`, it opens URLs, which are added to it. */
  readonly connect: (
    url: string,
    asked: Asked | null,
  ) => Promise<{
    readonly callTool: (params: { name: string; arguments: Record<string, unknown> }) => Promise<Json>;
    readonly close: () => Promise<void>;
  }>;
  /** Whether its person is asked to open the page. */
  readonly isAsked: (source: Source) => boolean;
};
const capabilitiesOf = (asked: Asked | null) => (asked === null ? {} : { elicitation: { url: {} } });

const newSdk =
  (mode: 'legacy' | { readonly pin: string }): Sdk['connect'] =>
  async (url, asked) => {
    const client = new NewClient(INFO, { capabilities: capabilitiesOf(asked), versionNegotiation: { mode } });
    if (asked !== null) {
      client.setRequestHandler('elicitation/create', ({ params }) => {
        asked.push((params as unknown as { url: string }).url);
        return { action: 'accept' };
      });
    }
    await client.connect(new NewTransport(new URL(url)));
    return client;
  };
const inSession = ({ hasSessions }: Source): boolean => hasSessions;
const SDKS: Readonly<Record<string, Sdk>> = {
  'SDK v2, 2026-07-28': { connect: newSdk({ pin: '2026-07-28' }), isAsked: () => true },
  'SDK v2, 2025-11-25': { connect: newSdk('legacy'), isAsked: inSession },
  'SDK v1, 2025-11-25': {
    connect: async (url, asked) => {
      const client = new OldClient(INFO, { capabilities: capabilitiesOf(asked) });
      if (asked !== null) {
        client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
          asked.push((params as unknown as { url: string }).url);
          return { action: 'accept' };
        });
      }
      await client.connect(new OldTransport(new URL(url)) as never);
      return client as never;
    },
    isAsked: inSession,
  },
};
const SOURCES = [
  ...TRANSPORTS,
  'an OpenAPI account',
  'discovery mode over sessions',
  'discovery mode over an OpenAPI account',
] as const;
const CELLS = Object.keys(SDKS).flatMap((sdk) =>
  [true, false].flatMap((opens) => SOURCES.map((source) => ({ sdk, opens, source }))),
);

describe.each(CELLS)('$sdk, which opens URLs: $opens, over $source', ({ sdk, opens, source: name }) => {
  test.each(['approve', 'deny'] as const)('a person decides: %s', async (decision) => {
    const source = sources.get(name) as Source;
    const { connect, isAsked } = SDKS[sdk] as Sdk;
    const asked: Asked | null = opens ? [] : null;
    const client = await connect(source.url, asked);
    try {
      const before = source.calls.length;
      // Each cell makes a call of its own.
      const args = { cell: `${sdk} ${opens} ${name} ${decision}` };
      const params = source.isDiscovery
        ? { name: 'call_tool', arguments: { tool_name: source.tool, arguments: args } }
        : { name: source.tool, arguments: args };
      const running = client.callTool(params);
      const request = await waitingRequest(gateway);
      expect([request.tool_name, request.arguments]).toEqual([source.tool, args]);
      expect(source.calls).toHaveLength(before);
      const isToBeAsked = opens && isAsked(source);
      if (isToBeAsked) {
        await expect.poll(() => asked).toEqual([`${gateway.url}/console/approvals/${request.id}`]);
      }
      await decide(gateway, request, decision, { reason: 'June is not closed.' });
      const { isError, content } = await running;
      expect([isError === true, content[0].text]).toEqual(
        decision === 'approve'
          ? [false, 'Written.']
          : [true, 'A person has denied this call, and says: June is not closed.'],
      );
      expect(source.calls).toHaveLength(before + (decision === 'approve' ? 1 : 0));
      expect(asked?.length ?? 0).toBe(isToBeAsked ? 1 : 0);
      expect((await getRequest(gateway, request.id)).status).toBe(decision === 'approve' ? 'used' : 'denied');
    } finally {
      await client.close();
    }
  });
});
