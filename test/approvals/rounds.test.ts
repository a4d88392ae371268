import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { InMemoryServerEventBus } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { requestText } from '../../src/cli/show-request.ts';
import { createDatabase } from '../store/support/postgres.ts';
import { call } from '../support/client.ts';
import { createMcpServer } from '../support/everything/mcp.ts';
import { startEverythingServer } from '../support/everything/server.ts';
import type { Json } from '../support/json.ts';
import { post, requestOf, STATELESS_META } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { serveWebSocket } from '../support/websocket-server.ts';
import { decide, getRequest, waitingRequest } from './support/approver.ts';

const FORM = { message: 'Which one?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
/** A server that asks twice: with a form, then only for its state; its own states are its words. */
const SCRIPT = {
  'tools/list': result({ resultType: 'complete', tools: [{ name: 'act', inputSchema: { type: 'object' } }] }),
  'tools/call': (...[response, got]: Parameters<ReturnType<typeof result>>) => {
    const { requestState } = got.message.params;
    const ask = { resultType: 'input_required' };
    const answers: Readonly<Record<string, object>> = {
      first: { ...ask, requestState: 'second' },
      second: { resultType: 'complete', content: [{ type: 'text', text: 'Done.' }] },
    };
    const inputRequests = { which: { method: 'elicitation/create', params: { mode: 'form', ...FORM } } };
    result(answers[requestState] ?? { ...ask, inputRequests, requestState: 'first' })(response, got);
  },
};
const WHICH = { which: { action: 'accept', content: { name: 'the first' } } };
const META = {
  ...STATELESS_META,
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {}, form: {} } },
};

describe.each(['sqlite', 'postgres'])('an approved call whose server asks for more, on %s', (engine) => {
  let gateway: TestServer;
  let upstream: Scripted;
  let minted: Minted;
  const stops: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const url = engine === 'postgres' ? await createDatabase(inject('postgresUrl') ?? '') : '';
    gateway = await startTestServer({
      limits: { listIntervalMs: 50 },
      env: {
        GATEHOUSE_EGRESS_ALLOW: '127.0.0.1',
        GATEHOUSE_APPROVAL_HOLD: '60',
        GATEHOUSE_AUDIT_ARGUMENTS: 'true',
      },
      ...(engine === 'postgres' && { location: { kind: 'postgres', url } }),
    });
    upstream = await startScripted('stateless', SCRIPT);
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  type More = { readonly args?: object; readonly token?: string; readonly name?: string } & Readonly<
    Record<string, unknown>
  >;
  /** Calls the tool as a client that opens URLs and answers forms. */
  const ask = async ({ args = { a: 1 }, token = minted.token, name = 'act', ...more }: More = {}): Promise<Json> => {
    const { body, headers } = requestOf('stateless', 1, 'tools/call', { name, arguments: args, ...more });
    return (await post({ gateway, token }, { ...body, params: { ...body.params, _meta: META } }, headers)).body;
  };
  /** The parameters of the calls that have come to the server since the last look, without `_meta`. */
  let seen = 0;
  const arrived = (): Json[] => {
    const calls = upstream.got('tools/call').slice(seen);
    seen += calls.length;
    return calls.map(({ message }) => {
      const { _meta, ...params } = message.params;
      return params;
    });
  };
  /** A call that is approved, and the first question of its server. */
  const asked = async (): Promise<{ readonly request: Json; readonly question: Json }> => {
    minted = await mintOver(gateway, upstream.url, { name: 'Asking', approval_policy: 'require_approval_all' });
    const { requestState } = (await ask()).result;
    const request = await waitingRequest(gateway, { server_id: minted.serverId });
    await decide(gateway, request);
    arrived();
    const question = (await ask({ requestState })).result;
    expect(arrived()).toEqual([{ name: 'act', arguments: { a: 1 } }]);
    return { request, question };
  };

  test.each(['Streamable HTTP', 'WebSocket'] as const)(
    'a client of the SDK answers each question, and gets the result: %s',
    async (transport) => {
      const serveOver = async (pipe: unknown) =>
        serveStdio(() => createMcpServer(new InMemoryServerEventBus()), { legacy: 'reject', transport: pipe as never });
      const server = transport === 'WebSocket' ? await serveWebSocket(serveOver) : await startEverythingServer();
      const way = { transport: transport === 'WebSocket' ? transport : 'STREAMABLE_HTTP' };
      minted = await mintOver(gateway, server.url, { ...way, approval_policy: 'require_approval_all' });
      const pin = '2026-07-28';
      const client = new Client(
        { name: 'test', version: '1' },
        { capabilities: { elicitation: { url: {}, form: {} } }, versionNegotiation: { mode: { pin } } },
      );
      const questions: string[] = [];
      client.setRequestHandler('elicitation/create', ({ params }) => {
        questions.push(params.message);
        const content = params.mode === 'url' ? {} : { content: { name: 'Ada', color: 'green' } };
        return { action: 'accept', ...content };
      });
      await client.connect(new StreamableHTTPClientTransport(new URL(minted.url)));
      stops.push(() => client.close(), server.stop);
      const running = client.callTool({ name: 'test_input_required_result_multi_round', arguments: {} });
      const request = await waitingRequest(gateway, { server_id: minted.serverId });
      await decide(gateway, request);
      const text = (await running).content?.[0] as { readonly text: string };
      expect(JSON.parse(text.text)).toMatchObject({ step2: { content: { color: 'green' } } });
      expect(questions.slice(1)).toEqual(['Who are you?', 'And which colour?']);
      await expect
        .poll(() => getRequest(gateway, request.id))
        .toMatchObject({ status: 'used', outcome: 'succeeded', unseen_rounds: 2 });
    },
  );

  test('the server gets its own state and the answers, and the log says what no approver has seen', async () => {
    const { request, question } = await asked();
    expect(question).toMatchObject({
      resultType: 'input_required',
      inputRequests: { which: { params: { message: 'Which one?' } } },
      requestState: expect.stringMatching(/^gatehouse\./),
    });
    const next = (await ask({ requestState: question.requestState, inputResponses: WHICH })).result;
    expect([next.resultType, 'inputRequests' in next]).toEqual(['input_required', false]);
    expect(await getRequest(gateway, request.id)).toMatchObject({ status: 'used', outcome: null, unseen_rounds: 1 });
    const { result: last } = await ask({ requestState: next.requestState });
    expect(last.content[0].text).toBe('Done.');
    expect(arrived()).toEqual([
      { name: 'act', arguments: { a: 1 }, requestState: 'first', inputResponses: WHICH },
      { name: 'act', arguments: { a: 1 }, requestState: 'second' },
    ]);
    await expect.poll(() => getRequest(gateway, request.id)).toMatchObject({ outcome: 'succeeded', unseen_rounds: 2 });
    const shown = requestText((await getRequest(gateway, request.id)) as never);
    expect(shown).toMatch(/^Not seen +the client has answered the server 2 times while the call ran$/m);
    const { body } = await call(gateway.url, 'listAuditEvents', { query: { limit: 50 } });
    const answered = body.data.filter(
      ({ action, target }: Json) => action === 'approval.answered' && target.id === request.id,
    );
    expect(answered.map(({ details }: Json) => [details.round, details.answers_bytes, details.answers])).toEqual([
      [2, 2, '{}'],
      [1, JSON.stringify(WHICH).length, JSON.stringify(WHICH)],
    ]);
    expect(answered[0].details.arguments_digest).toBe(request.arguments_digest);
  });

  test('through a meta-tool too', async () => {
    minted = await mintOver(gateway, upstream.url, { name: 'Asking', approval_policy: 'require_approval_all' });
    const { token } = await mint(gateway, minted.serverId, { tool_exposure: 'discovery' });
    const inner = { token, name: 'call_tool', args: { tool_name: 'act', arguments: { a: 1 } } };
    const { requestState } = (await ask(inner)).result;
    await decide(gateway, await waitingRequest(gateway, { server_id: minted.serverId }));
    const question = (await ask({ ...inner, requestState })).result;
    const next = (await ask({ ...inner, requestState: question.requestState, inputResponses: WHICH })).result;
    const { result: last } = await ask({ ...inner, requestState: next.requestState });
    expect(last.content[0].text).toBe('Done.');
    const call_ = { name: 'act', arguments: { a: 1 } };
    expect(arrived()).toEqual([
      call_,
      { ...call_, requestState: 'first', inputResponses: WHICH },
      { ...call_, requestState: 'second' },
    ]);
  });

  test('each round counts once, also when answers come at the same time', async () => {
    const { question } = await asked();
    const again = () => ask({ requestState: question.requestState, inputResponses: WHICH });
    const answers = await Promise.all([again(), again(), again(), again()]);
    expect(arrived()).toHaveLength(1);
    const errors = [...answers, await again()].filter(({ error }) => error !== undefined);
    expect(errors.map(({ error }) => [error.code, error.message])).toEqual(
      Array.from({ length: 4 }, () => [-32602, expect.stringContaining('was answered before, and counts once')]),
    );
    expect(arrived()).toEqual([]);
  });

  test('a state of another call, endpoint or tenant, or one that is changed, does nothing', async () => {
    const { question } = await asked();
    const { requestState } = question;
    const other = await mint(gateway, minted.serverId);
    const { body: stranger } = await call(gateway.url, 'createOrganization', { body: { name: 'Other' } });
    const path = { org_id: stranger.id as string };
    const owner = {
      pair: (await call(gateway.url, 'createApiKey', { path, body: { name: 'Pair' } })).body,
      token: { apiToken: (await call(gateway.url, 'createApiToken', { path, body: { name: 'T' } })).body.token },
    };
    const theirs = await mintOver(gateway, upstream.url, { approval_policy: 'require_approval_all' }, owner);
    const answers = [
      await ask({ requestState: `${requestState.slice(0, -2)}AA` }),
      await ask({ requestState: requestState.slice('gatehouse.'.length) }),
      await ask({ requestState: 'first' }),
      await ask({ requestState, args: { a: 2 } }),
      await ask({ requestState, token: other.token }),
      await ask({ requestState, token: theirs.token }),
    ];
    for (const { error } of answers) {
      expect([error.code, error.message]).toEqual([-32602, expect.stringContaining('is not of this call')]);
    }
    const { body, headers } = requestOf('stateless', 1, 'prompts/get', { name: 'x', requestState });
    const { error } = (await post({ gateway, token: minted.token }, body, headers)).body;
    expect(error.message).toContain('is that of a call of a tool');
    expect([arrived(), upstream.got('prompts/get')]).toEqual([[], []]);
    expect((await ask({ requestState, inputResponses: WHICH })).result.resultType).toBe('input_required');
  });

  const server = (body: object) => () =>
    call(gateway.url, 'updateMcpServer', { path: { mcpServerId: minted.serverId }, body });
  const CHANGES: Readonly<Record<string, () => Promise<unknown>>> = {
    'the policy': server({ approval_policy: 'require_approval_per_tool' }),
    'the policy, so that the call needs no approval': server({ approval_policy: 'auto_approve_all' }),
    'the headers': server({ request_headers: { 'X-Tenant': 'other' } }),
    'the scope': () => {
      const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
      return call(gateway.url, 'updateEndpoint', { path, body: { config: { methods: ['custom'] } } });
    },
    'a tool approval': () => {
      const body = { tool_name: 'act', approval_hash: 'a'.repeat(64), auto_approve: false };
      return call(gateway.url, 'addToolApproval', { path: { mcpServerId: minted.serverId }, body });
    },
    'the definition': async () => {
      const changed = { name: 'act', description: 'Deletes.', inputSchema: { type: 'object' } };
      upstream.script['tools/list'] = result({ resultType: 'complete', tools: [changed] });
      gateway.clock.now += 60_001;
    },
  };
  test.each(Object.keys(CHANGES))('a change of %s between the question and the answer', async (change) => {
    const { question } = await asked();
    await CHANGES[change]?.();
    const { error } = await ask({ requestState: question.requestState, inputResponses: WHICH });
    expect([error.code, error.message]).toEqual([-32602, expect.stringContaining('does not count any more')]);
    expect(arrived()).toEqual([]);
    Object.assign(upstream.script, SCRIPT);
    gateway.clock.now += 60_001;
  });

  test('the answers to Gatehouse reach no server, even when the call needs no approval any more', async () => {
    minted = await mintOver(gateway, upstream.url, { name: 'Asking', approval_policy: 'require_approval_all' });
    const { requestState } = (await ask()).result;
    await server({ approval_policy: 'auto_approve_all' })();
    await ask({ requestState, inputResponses: { approval: { action: 'accept' } } });
    expect(arrived()).toEqual([{ name: 'act', arguments: { a: 1 } }]);
  });

  test('a state that is no text is a failure of the server', async () => {
    minted = await mintOver(gateway, upstream.url, { name: 'Asking', approval_policy: 'require_approval_all' });
    upstream.script['tools/call'] = result({ resultType: 'input_required', requestState: 7 });
    const { requestState } = (await ask()).result;
    await decide(gateway, await waitingRequest(gateway, { server_id: minted.serverId }));
    const { error } = await ask({ requestState });
    Object.assign(upstream.script, SCRIPT);
    expect(error.message).toContain('its `requestState` is no text');
    arrived();
  });

  // PostgreSQL has a clock of its own.
  if (engine === 'sqlite') {
    test('a question that is older than 10 minutes is not answered', async () => {
      const { question } = await asked();
      gateway.clock.now += 600_000;
      const { error } = await ask({ requestState: question.requestState, inputResponses: WHICH });
      expect([error.code, error.message, arrived()]).toEqual([-32602, expect.stringContaining('is too old'), []]);
    });
  }
});
