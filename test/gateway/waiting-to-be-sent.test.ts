import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { type Answer, call } from '../support/client.ts';
import { post } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { json, type Scripted, type Step, sessionId, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

const MIB = 1024 * 1024;
const MINUTE = 60_000;

let gateway: TestServer;
let server: Scripted;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_MEMORY_BUDGET: '16MiB' },
    limits: { definitionPatienceMs: 20_000, memoryPatienceMs: 20_000, listIntervalMs: 50 },
  });
});
afterAll(() => gateway.stop());
beforeEach(async () => {
  server = await startScripted('handshake');
});
afterEach(() => server.stop());

/** Has every request of a kind wait until it is released. */
function gate(method: string) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const step = server.script[method] as Step;
  server.script[method] = async (response, got) => {
    await released;
    step(response, got);
  };
  return { reached: server.next(method), release };
}

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'look', arguments: {} } };
const send = (token: string, body: object = CALL): Promise<Answer> => post({ gateway, token }, body);

type Waiting = { readonly minted: Minted; readonly answer: Promise<Answer>; readonly release: () => void };

/** Begins a call that waits, until it is released, for something that a call may have to wait for. */
const WAITS: Record<string, () => Promise<Waiting>> = {
  'a list of tools': async () => {
    const minted = await mintOver(gateway, server.url, { approval_policy: 'auto_approve_read_only' });
    expect((await send(minted.token)).body.result.content[0].text).toBe('look');
    gateway.clock.now += MINUTE + 1;
    const { reached, release } = gate('tools/list');
    const answer = send(minted.token);
    await reached;
    return { minted, answer, release };
  },
  'a session with the server': async () => {
    const minted = await mintOver(gateway, server.url);
    await send(minted.token);
    gateway.deps.runtime.drop(minted.serverId.slice('mcp_'.length));
    const { reached, release } = gate('initialize');
    const answer = send(minted.token);
    await reached;
    return { minted, answer, release };
  },
  'another session, since the server has forgotten the first': async () => {
    const minted = await mintOver(gateway, server.url);
    await send(minted.token);
    const { reached, release } = gate('initialize');
    for (const method of ['tools/call', 'ping']) {
      const run = server.script[method] as Step;
      server.script[method] = (response, got) =>
        (got.headers['mcp-session-id'] === sessionId(1) ? json({ error: { code: -32001, message: '' } }, 404) : run)(
          response,
          got,
        );
    }
    const answer = send(minted.token);
    await reached;
    return { minted, answer, release };
  },
  memory: async () => {
    const minted = await mintOver(gateway, server.url);
    await send(minted.token);
    // What is left is enough for everything but the value of a large message.
    const held = ['a', 'b', 'c', 'd'].map((holder) => gateway.deps.budget.hold(holder, 'bodies', 3.9 * MIB));
    const params = { ...CALL.params, arguments: { x: 'x'.repeat(300_000) } };
    const answer = send(minted.token, { ...CALL, params });
    const release = (): void => {
      for (const one of held) {
        one.release();
      }
    };
    return { minted, answer, release };
  },
};

/** What is under way at an endpoint that is gone is refused, or broken off within a second: whichever comes first. */
const ended = (answer: Promise<Answer>): Promise<Answer | null> => answer.catch(() => null);
const refusalOf = (answer: Answer | null): number => answer?.status ?? 401;

const endpointOf = ({ serverId, id }: Minted) => ({ integrated_account_id: serverId.slice('mcp_'.length), id });
const CHANGES: readonly (readonly [
  string,
  (minted: Minted) => Promise<Answer>,
  (answer: Answer) => unknown,
  unknown,
])[] = [
  [
    'its endpoint is deleted',
    (minted) => call(gateway.url, 'deleteEndpoint', { path: endpointOf(minted) }),
    (answer) => refusalOf(answer),
    401,
  ],
  [
    'its endpoint gets another scope',
    (minted) =>
      call(gateway.url, 'updateEndpoint', { path: endpointOf(minted), body: { config: { methods: ['custom'] } } }),
    ({ body }) => body.error.message,
    'Unknown tool: look',
  ],
  [
    'the policy is tightened',
    ({ serverId: mcpServerId }) =>
      call(gateway.url, 'updateApprovalPolicy', {
        path: { mcpServerId },
        body: { approval_policy: 'require_approval_all' },
      }),
    ({ body }) => body.result.content[0].text,
    expect.stringContaining('A person must approve this call'),
  ],
  [
    'the server gets another URL',
    ({ serverId: mcpServerId }) =>
      call(gateway.url, 'updateMcpServer', { path: { mcpServerId }, body: { url: elsewhere.url } }),
    ({ body }) => body.result.content[0].text,
    // Where the policy looks at tools, a person has to have seen those of the new place.
    expect.stringMatching(/^look$|A person must approve/),
  ],
];

/** Where the server is moved to. */
let elsewhere: Scripted;
beforeAll(async () => {
  elsewhere = await startScripted('handshake');
});
afterAll(() => elsewhere.stop());

describe.each(Object.keys(WAITS))('a call that waits for %s', (what) => {
  test.each(CHANGES)('when %s', async (_, change, outcome, expected) => {
    const { minted, answer, release } = await (WAITS[what] as () => Promise<Waiting>)();
    const before = server.got('tools/call').filter(({ headers }) => headers['mcp-session-id'] !== sessionId(1)).length;
    expect((await change(minted)).status).toBeLessThan(300);
    release();
    expect(outcome((await ended(answer)) as Answer)).toEqual(expected);
    const ran = server.got('tools/call').filter(({ headers }) => headers['mcp-session-id'] !== sessionId(1));
    expect(ran).toHaveLength(before);
  });

  test('runs if nothing changes', async () => {
    const { answer, release } = await (WAITS[what] as () => Promise<Waiting>)();
    release();
    expect((await answer).body.result.content[0].text).toBe('look');
  });
});

describe('a call of a service that waits for its token', () => {
  let issuer: Listened;
  let service: Listened;
  let arrived: number;
  let asked: Promise<void>;
  let release: () => void;
  beforeEach(async () => {
    arrived = 0;
    const asking = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    [asked, release] = [asking.promise, released.resolve];
    issuer = await listenOn(
      createServer(async (_, response) => {
        asking.resolve();
        await released.promise;
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"t0k3n-of-service"}');
      }),
    );
    service = await listenOn(
      createServer((_, response) => {
        arrived += 1;
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      }),
    );
  });
  afterEach(async () => {
    await issuer.stop();
    await service.stop();
  });

  async function begin() {
    const document = documentOf({ 'POST /things': {} });
    const base_url = `http://127.0.0.1:${service.port}`;
    const integration = (await call(gateway.url, 'createIntegration', { body: { name: 'slow', document, base_url } }))
      .body;
    const account = {
      tenant_id: 'acme',
      environment_integration_id: integration.id,
      authentication_method: 'oauth2_client_credentials',
      context: {
        client_id: 'c',
        client_secret: 's3cret-of-client',
        token_url: `http://127.0.0.1:${issuer.port}/token`,
      },
    };
    const accountId = (await call(gateway.url, 'createAccount', { body: account })).body.id as string;
    const { id, token } = await mint(gateway, `mcp_${accountId}`);
    const list = await send(token, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const params = { name: list.body.result.tools[0].name, arguments: {} };
    const answer = send(token, { ...CALL, params });
    await asked;
    return { answer, integrationId: integration.id as string, accountId, id };
  }

  test('runs if nothing changes', async () => {
    const { answer } = await begin();
    release();
    expect([(await answer).body.result.isError, arrived]).toEqual([undefined, 1]);
  });

  test('waits for approval after the policy of its integration becomes stricter', async () => {
    const { answer, integrationId: id } = await begin();
    const body = { approval_policy: 'require_approval_all' };
    expect((await call(gateway.url, 'updateIntegration', { path: { id }, body })).status).toBe(200);
    release();
    expect((await answer).body.result.content[0].text).toContain('approval_policy require_approval_all');
    expect(arrived).toBe(0);
  });

  test('is refused after its endpoint is deleted', async () => {
    const { answer, accountId, id } = await begin();
    const path = { integrated_account_id: accountId, id };
    expect((await call(gateway.url, 'deleteEndpoint', { path })).status).toBe(200);
    release();
    expect([refusalOf(await ended(answer)), arrived]).toEqual([401, 0]);
  });

  test('uses the current credentials of its account', async () => {
    const { answer, accountId: id } = await begin();
    const body = { authentication_method: 'none', context: {} };
    expect((await call(gateway.url, 'updateAccount', { path: { id }, body })).status).toBe(200);
    release();
    expect([(await answer).status, arrived]).toEqual([200, 1]);
  });
});
