import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { type Answer, call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { post } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { document, startTestServer, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { decide, getRequest, waitingRequest } from './support/approver.ts';
import { startRecorder, WRITE } from './support/recorder.ts';

/** An endpoint with a call that waits. */
type Place = {
  readonly run: () => Promise<Json>;
  /** How many calls have come to the source. */
  readonly arrived: () => number;
  /** Changes a field of an object that the approval is bound to. */
  readonly patch: (object: string, body: object) => Promise<Answer>;
};
type ServerPlace = Place & {
  readonly other: Readonly<Record<'url' | 'sse', string>>;
  readonly define: (more: object) => Promise<undefined>;
  readonly path: { readonly mcpServerId: string };
};
type ServicePlace = Place & {
  readonly base: string;
  readonly toolName: string;
  readonly accountPath: { readonly id: string };
};

let gateway: TestServer;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { listIntervalMs: 20 },
  });
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await gateway.deps.store.write(({ sql }) => sql.deleteFrom('approval_requests').execute());
});
afterAll(() => gateway.stop());

const runOf = (token: string, name: string) => async (): Promise<Json> => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { id: '1' } } };
  return (await post({ gateway, token }, body)).body.result;
};
const inTime = (ms: number) => new Date(gateway.clock.now + ms).toISOString();

async function overServer(): Promise<ServerPlace> {
  const [upstream, other, sse] = [
    await startRecorder('sessions'),
    await startRecorder('sessions'),
    await startRecorder('SSE'),
  ];
  stops.push(upstream.stop, other.stop, sse.stop);
  const options = { name: 'Files', approval_policy: 'require_approval_per_tool', tags: ['files'] };
  const minted = await mintOver(gateway, upstream.url, options);
  const path = { mcpServerId: minted.serverId };
  const endpoint = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
  // Not the tool as it is: its calls wait. It ends soon.
  const approval = { tool_name: 'write', approval_hash: 'a'.repeat(64), auto_approve: true };
  await call(gateway.url, 'addToolApproval', { path, body: { ...approval, expires_at: gateway.clock.now + 200_000 } });
  return {
    run: runOf(minted.token, 'write'),
    arrived: () => upstream.calls.length + other.calls.length + sse.calls.length,
    patch: (object, body) =>
      object === 'EndpointPatch'
        ? call(gateway.url, 'updateEndpoint', { path: endpoint, body })
        : call(gateway.url, 'updateMcpServer', { path, body }),
    other: { url: other.url, sse: sse.url },
    define: async (more) => {
      upstream.tools = [{ ...WRITE, ...more }];
      gateway.clock.now += 60_001;
      return undefined;
    },
    path,
  };
}

const DOCUMENT = documentOf({ 'DELETE /contacts/{id}': {} });
const OTHER_DOCUMENT = documentOf({ 'DELETE /contacts/{id}': {}, 'GET /contacts': {} });

async function overIntegration(): Promise<ServicePlace> {
  let arrived = 0;
  const service = createServer(({ url }, response) => {
    const isDocument = url === '/openapi.json';
    arrived += isDocument ? 0 : 1;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(isDocument ? JSON.stringify(OTHER_DOCUMENT) : '{}');
  });
  const { port, stop } = await listenOn(service);
  stops.push(stop);
  const base = `http://127.0.0.1:${port}`;
  const body = { name: 'crm', document: DOCUMENT, base_url: base, approval_policy: 'auto_approve_read_only' };
  const integration = (await call(gateway.url, 'createIntegration', { body })).body;
  const account = {
    tenant_id: 'acme',
    environment_integration_id: integration.id,
    authentication_method: 'api_key',
    context: { api_key: 'first' },
  };
  const accountPath = { id: (await call(gateway.url, 'createAccount', { body: account })).body.id as string };
  const path = { integrated_account_id: accountPath.id };
  const { id, token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'CRM' } })).body;
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const [{ name }] = (await post({ gateway, token }, list)).body.result.tools;
  const operations = {
    IntegrationPatch: ['updateIntegration', { id: integration.id }],
    AccountPatch: ['updateAccount', accountPath],
    EndpointPatch: ['updateEndpoint', { ...path, id }],
  } as const;
  return {
    run: runOf(token, name),
    arrived: () => arrived,
    patch: (object, changed) => {
      const [operation, of] = operations[object as keyof typeof operations];
      return call(gateway.url, operation, { path: of as { id: string }, body: changed });
    },
    accountPath,
    base,
    toolName: name,
  };
}

type Changes<P> = Readonly<Record<string, (place: P) => Promise<Answer | undefined>>>;

/** The fields of one object in the document, each with a change of it. */
const fields = <P extends Place>(schema: string, values: Readonly<Record<string, (place: P) => unknown>>): Changes<P> =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]) => [
      `${schema}.${field}`,
      (place: P) => {
        const changed = value(place);
        return place.patch(schema, changed instanceof Together ? changed.body : { [field]: changed });
      },
    ]),
  );

/** A field that changes only with others. */
class Together {
  readonly body: object;
  constructor(body: object) {
    this.body = body;
  }
}

const ENDPOINT = fields('EndpointPatch', {
  name: () => 'Renamed',
  config: () => ({ methods: ['write', 'custom'] }),
  expires_at: () => inTime(3_600_000),
});

const SERVER: Changes<ServerPlace> = {
  ...fields<ServerPlace>('McpServerPatch', {
    name: () => 'Other files',
    url: ({ other }) => other.url,
    description: () => 'Other files',
    approval_policy: () => 'require_approval_all',
    transport: ({ other }) => new Together({ transport: 'SSE', url: other.sse }),
    request_headers: () => ({ 'X-Tenant': 'other' }),
    tags: () => ['other'],
    timeout_seconds: () => 7,
    required_approvals: () => 2,
  }),
  ...fields('EndpointPatch', {
    name: () => 'Renamed',
    config: () => ({ tags: ['files'] }),
    expires_at: () => inTime(3_600_000),
  }),
  'the description of the tool': ({ define }) => define({ description: 'Deletes.' }),
  'the annotations of the tool': ({ define }) => define({ annotations: { destructiveHint: true } }),
  'the schema of the tool': ({ define }) => define({ inputSchema: { type: 'object', properties: { id: {} } } }),
  'the tool approval': ({ path }) => {
    const body = { tool_name: 'write', approval_hash: 'b'.repeat(64), auto_approve: false };
    return call(gateway.url, 'addToolApproval', { path, body });
  },
  'the tool approval, which is withdrawn': ({ path }) =>
    call(gateway.url, 'removeToolApproval', { path: { ...path, toolName: 'write' } }),
  'the tool approval, which ends': async () => {
    gateway.clock.now += 200_000;
    return undefined;
  },
};

const INTEGRATION: Changes<ServicePlace> = {
  ...fields<ServicePlace>('IntegrationPatch', {
    document: () => OTHER_DOCUMENT,
    document_url: ({ base }) => `${base}/openapi.json`,
    base_url: ({ base }) => `${base}/other`,
    tool_tags: () => ({ contacts: ['other'] }),
    approval_policy: () => 'require_approval_all',
    timeout_seconds: () => 7,
    output_schemas: () => 'none',
    undocumented: () => 'include',
    required_approvals: () => 2,
  }),
  ...fields<ServicePlace>('AccountPatch', {
    tenant_id: () => 'other',
    authentication_method: () => new Together({ authentication_method: 'bearer', context: { token: 'other' } }),
    context: () => ({ api_key: 'second' }),
  }),
  ...ENDPOINT,
  'the tool approval': ({ accountPath: path, toolName: tool_name }) => {
    const body = { tool_name, approval_hash: 'b'.repeat(64), auto_approve: false };
    return call(gateway.url, 'addAccountToolApproval', { path, body });
  },
  'a server at the place of the service': ({ base }) => {
    const body = { name: 'Place', url: base, approval_policy: 'require_approval_per_tool' };
    return call(gateway.url, 'createMcpServer', { body });
  },
};

/** Fields that change the names of tools. A new integration has the newest rules for them. */
const NAMES = ['IntegrationPatch.name', 'IntegrationPatch.naming'];

test('each field that can be changed has its case', () => {
  const schemas = (document as unknown as Json).components.schemas;
  const all = ['McpServerPatch', 'IntegrationPatch', 'AccountPatch', 'EndpointPatch'].flatMap((schema) =>
    Object.keys(schemas[schema].properties).map((field) => `${schema}.${field}`),
  );
  const tried = [...Object.keys(SERVER), ...Object.keys(INTEGRATION), ...NAMES];
  expect(all.filter((field) => !tried.includes(field))).toEqual([]);
});

test('another name of an integration is another name of its tools, and the approval is of the old one', async () => {
  const { run, patch, arrived } = await overIntegration();
  await run();
  const request = await waitingRequest(gateway);
  await decide(gateway, request);
  await patch('IntegrationPatch', { name: 'other' });
  expect([await run(), arrived()]).toEqual([undefined, 0]);
  await patch('IntegrationPatch', { name: 'crm' });
  expect([(await run()).isError, arrived()]).toEqual([true, 0]);
  expect((await getRequest(gateway, request.id)).status).toBe('outdated');
});

function tryEach<P extends Place>(kind: string, start: () => Promise<P>, changes: Changes<P>): void {
  describe(`over an account of ${kind}`, () => {
    test('nothing changes: the approved call runs, once', async () => {
      const { run, arrived } = await start();
      expect((await run()).isError).toBe(true);
      const request = await waitingRequest(gateway);
      await decide(gateway, request);
      expect((await run()).isError).not.toBe(true);
      expect([arrived(), (await getRequest(gateway, request.id)).status]).toEqual([1, 'used']);
      expect((await run()).isError).toBe(true);
      expect(arrived()).toBe(1);
    });

    const make = async (change: string, place: P): Promise<void> => {
      const answer = await changes[change]?.(place);
      expect(answer?.status ?? 200, answer?.text).toBeLessThan(300);
    };

    test.each(Object.keys(changes))('%s changes between the request and the decision', async (change) => {
      const place = await start();
      await place.run();
      const request = await waitingRequest(gateway);
      await make(change, place);
      await decide(gateway, request);
      expect((await place.run()).isError).toBe(true);
      expect(place.arrived()).toBe(0);
    });

    test.each(Object.keys(changes))('%s changes between the decision and the use', async (change) => {
      const place = await start();
      await place.run();
      const request = await waitingRequest(gateway);
      expect((await decide(gateway, request)).status).toBe(200);
      await make(change, place);
      const again = await place.run();
      expect([again.isError, again._meta?.['gatehouse/approval'].status]).toEqual([true, 'pending']);
      expect([place.arrived(), (await getRequest(gateway, request.id)).status]).toEqual([0, 'outdated']);
    });
  });
}

tryEach('a server', overServer, SERVER);
tryEach('an integration', overIntegration, INTEGRATION);
