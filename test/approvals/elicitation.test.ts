import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewTransport,
  ProtocolError,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { beginSession, post, requestOf, STATELESS_META } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { decide, listRequests, waitingRequest } from './support/approver.ts';
import { type Recorder, startRecorder } from './support/recorder.ts';

let gateway: TestServer;
let upstream: Recorder;
let minted: Minted;
const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
  await gateway.stop();
  await upstream.stop();
});

async function start(transport: 'stateless' | 'sessions', hold = '60'): Promise<void> {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_APPROVAL_HOLD: hold } });
  upstream = await startRecorder(transport);
  minted = await mintOver(gateway, upstream.url, { name: 'Files', approval_policy: 'require_approval_all' });
}

type Action = 'accept' | 'decline' | 'cancel';
type Asked = { readonly url: string; readonly message: string };
const capabilities = { elicitation: { url: {} } };
const INFO = { name: 'test', version: '1' };

/** Connects a client of the SDK v2; `mode` says which version it speaks. */
const newClient = (mode: 'legacy' | { readonly pin: string }) => async (action: Action, asked: Asked[]) => {
  const client = new NewClient(INFO, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params as unknown as Asked);
    return { action };
  });
  await client.connect(new NewTransport(new URL(minted.url)));
  closes.push(() => client.close());
  return async (): Promise<Json> => client.callTool({ name: 'write', arguments: { a: 1 } });
};

/** Clients of the official SDKs whose person is asked to open a URL. `asked` is what they are asked. */
const CLIENTS = {
  'SDK v2, 2026-07-28': newClient({ pin: '2026-07-28' }),
  'SDK v2, 2025-11-25': newClient('legacy'),
  'SDK v1, 2025-11-25': async (action: Action, asked: Asked[]) => {
    const client = new OldClient(INFO, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params as unknown as Asked);
      return { action };
    });
    await client.connect(new OldTransport(new URL(minted.url)) as never);
    closes.push(() => client.close());
    return async (): Promise<Json> => client.callTool({ name: 'write', arguments: { a: 1 } });
  },
} as const;
const KINDS = Object.keys(CLIENTS) as (keyof typeof CLIENTS)[];
const transportOf = (kind: string) => (kind.endsWith('2026-07-28') ? 'stateless' : 'sessions');

describe.each(KINDS)('a client that opens URLs: %s', (kind) => {
  const connect = async (action: Action, hold?: string) => {
    await start(transportOf(kind), hold);
    const asked: Asked[] = [];
    return { asked, run: await CLIENTS[kind](action, asked) };
  };

  test('is asked to open the page, and gets the result of the approved call', async () => {
    const { asked, run } = await connect('accept');
    const running = run();
    const request = await waitingRequest(gateway);
    await expect.poll(() => asked.length).toBe(1);
    expect(asked[0]).toMatchObject({
      url: `${gateway.url}/console/approvals/${request.id}`,
      message: expect.stringContaining('A person must approve this call'),
    });
    expect(upstream.calls).toEqual([]);
    await decide(gateway, request);
    expect((await running).content[0].text).toBe('Written.');
    expect(asked).toHaveLength(1);
    const { params } = JSON.parse(upstream.calls[0] ?? '') as Json;
    expect([params.arguments, Object.keys(params).includes('requestState')]).toEqual([{ a: 1 }, false]);
  });

  test('gets the denial', async () => {
    const { run } = await connect('accept');
    const running = run();
    await decide(gateway, await waitingRequest(gateway), 'deny', { reason: 'No.' });
    expect(await running).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('says: No.') }] });
    expect(upstream.calls).toEqual([]);
  });

  test.each(['decline', 'cancel'] as const)(
    '%s is no denial: the request stays, and a new call finds it',
    async (action) => {
      const { run } = await connect(action);
      const result = await run();
      expect([result.isError, result._meta['gatehouse/approval'].status]).toEqual([true, 'pending']);
      expect(await listRequests(gateway, { status: 'pending' })).toHaveLength(1);
      expect(upstream.calls).toEqual([]);
    },
  );

  test('is told that the call waits when nobody decides', async () => {
    const { asked, run } = await connect('accept', '1');
    // The time limit of the SDK is not reached: the rounds of the stateless era are short here.
    const result = await run().catch((error: Error) => error);
    expect(asked).toHaveLength(1);
    expect(result).toMatchObject({ isError: true, _meta: { 'gatehouse/approval': { status: 'pending' } } });
  });
});

describe('rounds of the stateless era', () => {
  const META = {
    ...STATELESS_META,
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
  };
  const ask = async (more: object = {}, args: object = { a: 1 }, token = minted.token): Promise<Json> => {
    const { body, headers } = requestOf('stateless', 1, 'tools/call', { name: 'write', arguments: args, ...more });
    const params = { ...body.params, _meta: META };
    return (await post({ gateway, token }, { ...body, params }, headers)).body;
  };

  test('the first asks, the others carry only the state, and the ninth is an ordinary result', async () => {
    await start('stateless', '0');
    let { result } = await ask();
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { approval: { method: 'elicitation/create', params: { mode: 'url' } } },
      requestState: expect.any(String),
    });
    for (let round = 2; round <= 8; round += 1) {
      const inputResponses = round === 2 ? { inputResponses: { approval: { action: 'accept' } } } : {};
      ({ result } = await ask({ requestState: result.requestState, ...inputResponses }));
      expect([round, result.resultType, 'inputRequests' in result]).toEqual([round, 'input_required', false]);
    }
    ({ result } = await ask({ requestState: result.requestState }));
    expect([result.resultType, result.isError]).toEqual(['complete', true]);
    expect(await listRequests(gateway)).toHaveLength(1);
  });

  test('requestState replayed: a used approval is not used again', async () => {
    await start('stateless', '0');
    const { requestState } = (await ask()).result;
    await decide(gateway, await waitingRequest(gateway));
    expect((await ask({ requestState })).result.content[0].text).toBe('Written.');
    expect((await ask({ requestState })).result.resultType).toBe('input_required');
    expect(upstream.calls).toHaveLength(1);
  });

  test('a state that is tampered with, of other arguments, of another endpoint or of nobody is refused', async () => {
    await start('stateless', '0');
    const { requestState } = (await ask()).result;
    await decide(gateway, await waitingRequest(gateway));
    const other = await mint(gateway, minted.serverId);
    const answers = [
      await ask({ requestState: `${requestState.slice(0, -2)}AA` }),
      await ask({ requestState }, { a: 2 }),
      await ask({ requestState }, { a: 1 }, other.token),
      await ask({ requestState: 'state of the server' }),
      await ask({ requestState: 1 }),
    ];
    for (const { error } of answers) {
      expect([error.code, error.message]).toEqual([
        -32602,
        expect.stringContaining('`requestState` is not of this call'),
      ]);
    }
    expect(upstream.calls).toEqual([]);
  });

  test('a request that has expired meanwhile is asked for anew', async () => {
    await start('stateless', '0');
    const { requestState } = (await ask()).result;
    gateway.clock.now += 300_000;
    const { result } = await ask({ requestState, inputResponses: { approval: { action: 'accept' } } });
    expect([result.resultType, 'inputRequests' in result]).toEqual(['input_required', true]);
    expect(await listRequests(gateway)).toHaveLength(2);
  });

  test('over an integration too', async () => {
    await start('stateless', '0');
    const document = {
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
      servers: [{ url: 'https://x.example.com' }],
      paths: { '/x': { get: { operationId: 'write', summary: 'Writes', responses: { 200: { description: 'x' } } } } },
    };
    const body = { name: 'x', document, approval_policy: 'require_approval_all' };
    const integration = (await call(gateway.url, 'createIntegration', { body })).body;
    const account = { tenant_id: 'x', environment_integration_id: integration.id, authentication_method: 'none' };
    const { id } = (await call(gateway.url, 'createAccount', { body: account })).body;
    const path = { integrated_account_id: id as string };
    const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'x' } })).body;
    const list = requestOf('stateless', 1, 'tools/list');
    const [tool] = (await post({ gateway, token }, list.body, list.headers)).body.result.tools;
    const { body: asked, headers } = requestOf('stateless', 1, 'tools/call', { name: tool.name });
    const params = { ...asked.params, _meta: META };
    const { result } = (await post({ gateway, token }, { ...asked, params }, headers)).body;
    expect(result.resultType).toBe('input_required');
  });
});

test('a client of 2025-11-25 that reads no stream gets the URL in an error, as the SDK reads it', async () => {
  await start('sessions');
  const place = { gateway, token: minted.token };
  const session = await beginSession(place, capabilities);
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write', arguments: { a: 1 } } };
  const ask = () => post(place, body, { ...session, Accept: 'application/json' });
  const { error } = (await ask()).body;
  const request = await waitingRequest(gateway);
  const read = ProtocolError.fromError(error.code, error.message, error.data);
  expect(read).toBeInstanceOf(UrlElicitationRequiredError);
  expect((read as UrlElicitationRequiredError).elicitations).toEqual([
    {
      mode: 'url',
      elicitationId: request.id,
      url: `${gateway.url}/console/approvals/${request.id}`,
      message: expect.stringContaining('A person must approve this call'),
    },
  ]);
  expect(upstream.calls).toEqual([]);
  await decide(gateway, request);
  expect((await ask()).body.result.content[0].text).toBe('Written.');
  expect(await listRequests(gateway)).toHaveLength(1);
});

test('an answer to a question of Gatehouse never reaches the server', async () => {
  await start('sessions');
  const scripted = await startScripted('handshake');
  closes.push(scripted.stop);
  const { token } = await mintOver(gateway, scripted.url, {
    name: 'Scripted',
    approval_policy: 'require_approval_all',
  });
  const place = { gateway, token };
  const session = await beginSession(place);
  const answer = (id: string) => ({ jsonrpc: '2.0', id, result: { action: 'decline' } });
  expect((await post(place, answer('gatehouse-approval-x'), session)).status).toBe(202);
  expect((await post(place, answer('of-the-server'), session)).status).toBe(202);
  expect(scripted.got('answer').map(({ message }) => message.id)).toEqual(['of-the-server']);
});
