import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeHeader } from '../../src/runtime/protocol.ts';
import { decide, getRequest } from '../approvals/support/approver.ts';
import { documentOf } from '../support/accounts.ts';
import { type Answer, call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type Ask, connect, WAYS, type Way } from '../support/mcp-client.ts';
import { mint } from '../support/minted.ts';
import { json, raw, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { created, share, unique } from '../support/shared-servers.ts';
import { listenOn } from '../support/sockets.ts';

/**
 * A call through `call_tool` is decided, sent, answered and recorded as the call of the tool itself: each case is asked
 * both ways, of two endpoints that differ in `tool_exposure` only.
 */
const SECRET = 'the-s3cret-of-the-account';
const POLICIES = [
  'auto_approve_all',
  'auto_approve_read_only',
  'require_approval_per_tool',
  'require_approval_all',
] as const;
const SCOPES = [{}, { methods: ['get'] }, { methods: ['custom'] }, { tags: ['crm'] }, { tags: ['other'] }];

/** An account whose calls are noted as its service or server gets them. */
type Account = {
  readonly tools: { readonly read: string; readonly act: string };
  readonly got: () => Json[];
  readonly setPolicy: (policy: string) => Promise<unknown>;
  readonly mint: (config: object) => Promise<{ readonly id: string; readonly token: string }>;
  readonly stop: () => Promise<unknown>;
};

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: '0' },
    environment: { ...process.env, OPERATORS_TOKEN: SECRET },
    limits: { listIntervalMs: 50 },
  });
});
afterAll(() => gateway.stop());

async function overService(): Promise<Account> {
  let got: Json[] = [];
  const service = await listenOn(
    createServer(async (request: IncomingMessage, response) => {
      const { host, connection, ...headers } = request.headers;
      got.push({ verb: request.method, url: request.url, headers, body: await text(request) });
      const status = request.url?.includes('fails') ? 500 : 200;
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ key: SECRET, n: 1 }));
    }),
  );
  const document = documentOf({
    'GET /contacts/{id}': { tags: ['crm'] },
    'POST /contacts/{id}': { tags: ['crm'], operationId: 'act' },
  });
  const base_url = `http://127.0.0.1:${service.port}`;
  const name = unique();
  const integration = (await call(gateway.url, 'createIntegration', { body: { name, document, base_url } })).body;
  const body = {
    tenant_id: 'acme',
    environment_integration_id: integration.id,
    authentication_method: 'api_key',
    context: { api_key: SECRET },
  };
  const accountId = (await call(gateway.url, 'createAccount', { body })).body.id;
  const tools = (await call(gateway.url, 'listAccountTools', { path: { id: accountId } })).body.result as Json[];
  const named = (method: string) => tools.find((tool) => tool.method === method).name as string;
  return {
    tools: { read: named('get'), act: named('act') },
    got: () => got.splice(0),
    setPolicy: (approval_policy) =>
      call(gateway.url, 'updateIntegration', { path: { id: integration.id }, body: { approval_policy } }),
    mint: (config) => mint(gateway, `mcp_${accountId}`, config),
    stop: async () => {
      got = [];
      await service.stop();
    },
  };
}

const TOOLS = [
  { name: 'get_contact', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  {
    name: 'act',
    inputSchema: { type: 'object', properties: { id: { type: 'string', 'x-mcp-header': 'Region' } } },
  },
];
const answerCall: Step = (response, got) => {
  const { arguments: args = {} } = got.message.params;
  const said = `${args.id} ${got.headers.authorization}`;
  const failed = args.id === 'fails';
  if (args.id === 'breaks') {
    raw(500, 'text/plain', 'down')(response, got);
    return;
  }
  json({ result: { content: [{ type: 'text', text: said }], ...(failed && { isError: true }) } })(response, got);
};

async function overServer(era: 'handshake' | 'stateless', isShared: boolean): Promise<Account> {
  const server = await startScripted(era, {
    'tools/list': json({ result: { tools: TOOLS } }),
    'tools/call': answerCall,
  });
  let id: string;
  if (isShared) {
    const headers = { Authorization: 'Bearer $' + '{OPERATORS_TOKEN}' };
    id = await created(gateway, { name: unique(), transport: 'streamable_http', url: server.url, headers });
  } else {
    const body = { name: 'Scripted', url: server.url, tags: ['crm'], approval_policy: 'auto_approve_all' };
    const request_headers = { Authorization: `Bearer ${SECRET}` };
    const made = await call(gateway.url, 'createMcpServer', { body: { ...body, request_headers } });
    id = String(made.body.data.id).slice('mcp_'.length);
  }
  let seen = 0;
  return {
    tools: { read: 'get_contact', act: 'act' },
    got: () => {
      const all = server.got('tools/call').map(({ headers, message }) => {
        const { _meta, ...params } = message.params;
        const kept = Object.entries(headers).filter(([name]) => name.startsWith('mcp-') || name === 'authorization');
        const { 'mcp-session-id': session, ...others } = Object.fromEntries(kept);
        return { params, hasSession: session !== undefined, headers: others };
      });
      const fresh = all.slice(seen);
      seen = all.length;
      return fresh;
    },
    setPolicy: async (approval_policy) =>
      isShared ||
      call(gateway.url, 'updateApprovalPolicy', { path: { mcpServerId: `mcp_${id}` }, body: { approval_policy } }),
    mint: (config) => (isShared ? share(gateway, id, config) : mint(gateway, `mcp_${id}`, config)),
    stop: server.stop,
  };
}

const KINDS: readonly (readonly [string, () => Promise<Account>])[] = [
  ['a service', overService],
  ['a server with a handshake', () => overServer('handshake', false)],
  ['a server of 2026-07-28', () => overServer('stateless', false)],
  ['a shared server', () => overServer('handshake', true)],
];

/** The last call in the audit log, without what differs between any two calls. */
async function lastAudited(): Promise<Json> {
  await gateway.deps.callAudit.flush();
  const { body } = await call(gateway.url, 'listAuditEvents', { query: { action: 'tool.called', limit: '1' } });
  const [last] = body.data;
  return last === undefined
    ? { id: null }
    : { id: last.id, target: last.target, outcome: last.outcome, reason: last.details.reason, by: last.actor.id };
}

/** An answer without what names the request. What a client cannot do is a protocol error, or a result that says the same. */
function said({ status, text: whole }: Answer): Json {
  // Each endpoint has a request of its own for approval.
  const { error, result } = JSON.parse(whole.replaceAll(/apr_[\da-f-]{36}/g, 'apr_…'));
  const text = error?.message ?? result?.content?.[0]?.text;
  const isUnknown = typeof text === 'string' && text.startsWith('Unknown tool: ');
  return isUnknown ? { unknown: text.split(':')[1]?.trim() } : { status, error, result };
}

type Params = { readonly name: unknown; readonly arguments?: unknown };
/** What becomes of a call: the answer, what was sent, and what is recorded. */
async function becomes(account: Account, endpoint: string, ask: () => Promise<Answer>): Promise<Json> {
  const before = await lastAudited();
  const answer = said(await ask());
  const { id, by, ...audited } = await lastAudited();
  return { answer, sent: account.got(), audited: id === before.id ? null : { ...audited, isOwn: by === endpoint } };
}

/** A client of 2026-07-28 repeats the arguments that the tool declares; through a meta-tool, it knows of no declaration. */
const direct = (ask: Ask, params: Params) => {
  const { id } = (params.arguments ?? {}) as { id?: string };
  return ask(
    'tools/call',
    params,
    params.name === 'act' && id !== undefined ? { 'Mcp-Param-Region': encodeHeader(id) } : {},
  );
};
const inner = (ask: Ask, { name, arguments: args }: Params, through = 'call_tool') =>
  ask('tools/call', { name: through, arguments: { tool_name: name, ...(args !== undefined && { arguments: args }) } });

describe.each(KINDS)('%s', (kind, start) => {
  let account: Account;
  beforeAll(async () => {
    account = await start();
  });
  afterAll(() => account.stop());

  const callsOf = ({ read, act }: Account['tools']): readonly Params[] => [
    { name: read, arguments: { id: 'ada' } },
    { name: act, arguments: { id: 'grüße', big: 12345678901234567890n.toString(), deep: { a: [1, null] } } },
    { name: act, arguments: { id: 'fails' } },
    { name: read, arguments: { id: SECRET } },
    { name: act, arguments: {} },
    { name: act },
    { name: 'no_such_tool', arguments: {} },
  ];

  test.each<Way>(WAYS)('policy and scope decide alike (%s)', async (way) => {
    const seen: string[] = [];
    for (const policy of kind === 'a shared server' ? ['auto_approve_all'] : POLICIES) {
      await account.setPolicy(policy);
      for (const scope of policy === 'auto_approve_all' ? SCOPES : [{}]) {
        const plain = await account.mint(scope);
        const discovery = await account.mint({ ...scope, tool_exposure: 'discovery' });
        if (plain.token === undefined) {
          // A scope that selects nothing is refused, in discovery mode too.
          expect(discovery).toEqual(plain);
          continue;
        }
        const [asPlain, asDiscovery] = await Promise.all(
          [plain, discovery].map(({ token }) => connect({ gateway, token }, way)),
        );
        for (const params of callsOf(account.tools)) {
          const one = await becomes(account, plain.id, () => direct(asPlain as Ask, params));
          const other = await becomes(account, discovery.id, () => inner(asDiscovery as Ask, params));
          expect(other).toEqual(one);
          seen.push(one.answer.unknown ? 'unknown' : (one.audited?.reason ?? one.audited?.outcome));
        }
      }
    }
    const wanted = kind === 'a shared server' ? ['unknown', 'success'] : ['unknown', 'success', 'approval'];
    expect(seen).toEqual(expect.arrayContaining(wanted));
  });

  test.skipIf(kind === 'a shared server')('a person approves the call of the tool, and it runs once', async () => {
    await account.setPolicy('require_approval_all');
    const [plain, discovery] = [await account.mint({}), await account.mint({ tool_exposure: 'discovery' })];
    for (const way of WAYS) {
      const steps: Json[] = [];
      for (const [endpoint, send] of [
        [plain, direct],
        [discovery, inner],
      ] as const) {
        const ask = await connect({ gateway, token: endpoint.token }, way);
        const params = { name: account.tools.act, arguments: { id: `ada ${way}` } };
        const asked = Promise.withResolvers<Answer>();
        const waits = await becomes(account, endpoint.id, () => {
          asked.resolve(send(ask, params));
          return asked.promise;
        });
        const { id } = (await asked.promise).body.result._meta['gatehouse/approval'];
        const request = await getRequest(gateway, id);
        expect((await decide(gateway, request)).status).toBe(200);
        const runs = await becomes(account, endpoint.id, () => send(ask, params));
        const { tool_name, arguments: shown, arguments_digest, definition_hash } = request;
        steps.push({ waits, runs, request: { tool_name, shown, arguments_digest, definition_hash } });
      }
      expect(steps[1]).toEqual(steps[0]);
      expect([steps[0].waits.sent.length, steps[0].runs.sent.length]).toEqual([0, 1]);
    }
  });

  test('call_read_tool calls only what reads, and decides alike there', async () => {
    await account.setPolicy('auto_approve_all');
    const [plain, discovery] = [await account.mint({}), await account.mint({ tool_exposure: 'discovery' })];
    for (const way of WAYS) {
      const asPlain = await connect({ gateway, token: plain.token }, way);
      const asDiscovery = await connect({ gateway, token: discovery.token }, way);
      const { read, act } = account.tools;
      for (const args of [{ id: 'ada' }, { id: 'fails' }, {}, undefined]) {
        const params = { name: read, ...(args !== undefined && { arguments: args }) };
        const one = await becomes(account, plain.id, () => direct(asPlain, params));
        const other = await becomes(account, discovery.id, () => inner(asDiscovery, params, 'call_read_tool'));
        expect(other).toEqual(one);
      }
      const refused = await becomes(account, discovery.id, () =>
        inner(asDiscovery, { name: act, arguments: { id: 'ada' } }, 'call_read_tool'),
      );
      expect(refused).toMatchObject({
        answer: {
          result: { isError: true, content: [{ text: `The tool ${act} may change data: call it with call_tool.` }] },
        },
        sent: [],
        audited: null,
      });
    }
  });
});

test('a reading tool of a service that is asked to write by an argument is refused by call_read_tool', async () => {
  const got: string[] = [];
  const service = await listenOn(
    createServer((request, response) => {
      got.push(`${request.method} ${request.url}`);
      response.end();
    }),
  );
  const parameters = [{ name: '_method', in: 'query', schema: { type: 'string' } }];
  const paths = { '/contacts': { get: { summary: 'List', parameters, responses: {} } } };
  const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths };
  const body = { name: unique(), document, base_url: `http://127.0.0.1:${service.port}` };
  const integration = (await call(gateway.url, 'createIntegration', { body })).body;
  const account = { tenant_id: 'a', environment_integration_id: integration.id, authentication_method: 'none' };
  const { id } = (await call(gateway.url, 'createAccount', { body: account })).body;
  const { token } = await mint(gateway, `mcp_${id}`, { tool_exposure: 'discovery' });
  const ask = await connect({ gateway, token }, 'just calls');
  const tool = (await call(gateway.url, 'listAccountTools', { path: { id } })).body.result[0].name;
  const override = { name: tool, arguments: { _method: 'DELETE' } };
  expect((await inner(ask, override, 'call_read_tool')).body.result).toMatchObject({ isError: true });
  expect(got).toEqual([]);
  await inner(ask, { name: tool }, 'call_read_tool');
  await inner(ask, override);
  expect(got).toEqual(['GET /contacts', 'GET /contacts?_method=DELETE']);
  await service.stop();
});

test('a tool that reads no more is refused by call_read_tool as soon as the server says so', async () => {
  const tool = (readOnlyHint: boolean) => ({
    name: 'look',
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint },
  });
  const server = await startScripted('handshake', { 'tools/list': json({ result: { tools: [tool(true)] } }) });
  const body = { name: 'Turns', url: server.url, approval_policy: 'auto_approve_all' };
  const { id } = (await call(gateway.url, 'createMcpServer', { body })).body.data;
  const { token } = await mint(gateway, id, { tool_exposure: 'discovery' });
  const ask = await connect({ gateway, token }, 'just calls');
  const read = async () => (await inner(ask, { name: 'look' }, 'call_read_tool')).body.result;
  expect(await read()).toMatchObject({ content: [{ text: 'look' }] });
  server.script['tools/list'] = json({ result: { tools: [tool(false)] } });
  gateway.deps.runtime.toolsChanged(String(id).slice('mcp_'.length));
  // A list that the server has reported as changed decides nothing.
  expect(await read()).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('may change data') }],
  });
  server.script['tools/list'] = raw(500, 'text/plain', 'down');
  gateway.clock.now += 61_000;
  const outdated = (await inner(ask, { name: 'look' }, 'call_read_tool')).body;
  expect(outdated.error).toMatchObject({
    code: -32003,
    message: expect.stringContaining('tool call_read_tool decides'),
  });
  expect(server.got('tools/call')).toHaveLength(1);
  await server.stop();
});

test('the rate limit counts a call through a meta-tool once', async () => {
  const limited = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_RATE_LIMIT: '2' } });
  const server = await startScripted('handshake');
  const statuses = await Promise.all(
    [{}, { tool_exposure: 'discovery' }].map(async (config, at) => {
      const body = { name: `Limited ${at}`, url: server.url, approval_policy: 'auto_approve_all' };
      const { id } = (await call(limited.url, 'createMcpServer', { body })).body.data;
      const { token } = await mint(limited, id, config);
      const ask = await connect({ gateway: limited, token }, 'just calls');
      const all: number[] = [];
      for (let count = 0; count < 4; count++) {
        all.push((await (at === 0 ? direct : inner)(ask, { name: 'look' })).status);
      }
      return all;
    }),
  );
  expect(statuses[1]).toEqual(statuses[0]);
  expect(statuses[0]).toContain(429);
  await limited.stop();
  await server.stop();
});
