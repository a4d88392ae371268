import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { beginSession, post, requestOf } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import { decide, getRequest, listRequests, waitingRequest } from './support/approver.ts';
import { type Recorder, type RecorderTransport, startRecorder, WRITE } from './support/recorder.ts';

/** What went wrong elsewhere, one test for each. */
let gateway: TestServer;
let upstream: Recorder;
let minted: Minted;
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

type Options = TestServerOptions & { readonly transport?: RecorderTransport };

async function start({ transport = 'sessions', env, ...options }: Options = {}): Promise<void> {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', ...env }, ...options });
  upstream = await startRecorder(transport);
  minted = await mintOver(gateway, upstream.url, {
    name: 'Files',
    transport: upstream.transport,
    approval_policy: 'require_approval_all',
  });
}

/** Calls the tool with arguments as they are written. */
async function run(written?: string, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
  // Requests are listed by time.
  gateway.clock.now += 1;
  const args = written === undefined ? '' : `,"arguments":${written}`;
  const body = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write"${args}}}`;
  return (await post({ gateway, token: minted.token }, Buffer.from(body), headers)).body.result;
}
const statusOf = (result: Json): string | undefined => result._meta?.['gatehouse/approval'].status;
const argumentsOf = (raw: string): string => raw.slice(raw.indexOf('"arguments":') + 12, raw.lastIndexOf('}}'));
const approved = async (): Promise<Json> => {
  const request = await waitingRequest(gateway);
  expect((await decide(gateway, request)).status).toBe(200);
  return request;
};

const EXACT = '{"b":1.0,"a":1e5,"n":12345678901234567890,"z":-0,"deep":{"y":[1.50],"x":"\\u202e"}}';
const REORDERED = '{"deep":{"x":"\\u202e","y":[1.50]},"z":-0,"n":12345678901234567890,"a":1e5,"b":1.0}';

test('approver saw other arguments than ran', async () => {
  await start();
  await run(EXACT);
  const request = await waitingRequest(gateway);
  const { text } = await call(gateway.url, 'getApprovalRequest', { path: { approvalRequestId: request.id } });
  expect(text).toContain('"arguments":{"b":1.0,"a":1e5,"n":12345678901234567890,"z":-0,"deep":{"y":[1.50]');
  await decide(gateway, request);
  expect((await run(REORDERED)).content[0].text).toBe('Written.');
  expect(upstream.calls.map(argumentsOf)).toEqual([EXACT.replace('\\u202e', '\u202e')]);
});

test.each([
  ['a number in another form', '{"total":1.0}', '{"total":1}'],
  ['a number as a text', '{"total":1}', '{"total":"1"}'],
  ['another order of a list', '{"ids":[1,2]}', '{"ids":[2,1]}'],
  ['null for an absent member', '{"a":null}', '{}'],
  ['another case of a name', '{"Path":"/x"}', '{"path":"/x"}'],
  ['another form of the same letter', '{"name":"é"}', '{"name":"e\u0301"}'],
])('an approval is not for other arguments: %s', async (_, first, second) => {
  await start();
  await run(first);
  await approved();
  expect(statusOf(await run(second))).toBe('pending');
  expect(upstream.calls).toEqual([]);
});

test('missing `arguments`, `{}` and `null` are three things', async () => {
  await start();
  const forms = [undefined, '{}', 'null'];
  for (const form of forms) {
    expect(statusOf(await run(form))).toBe('pending');
  }
  const requests = await listRequests(gateway);
  expect(new Set(requests.map(({ arguments_digest }) => arguments_digest)).size).toBe(3);
  expect(requests.map(({ arguments_bytes }) => arguments_bytes)).toEqual([4, 2, 0]);
  const whole = await Promise.all(requests.map(({ id }) => getRequest(gateway, id)));
  expect(whole.map((one) => ('arguments' in one ? one.arguments : 'absent'))).toEqual([null, {}, 'absent']);
  for (const request of requests) {
    await decide(gateway, request);
  }
  for (const form of forms) {
    expect((await run(form)).isError).toBeUndefined();
  }
  const params = upstream.calls.map((raw) => JSON.parse(raw).params);
  expect(params).toEqual([{ name: 'write' }, { name: 'write', arguments: {} }, { name: 'write', arguments: null }]);
});

test('the same call id with other arguments', async () => {
  await start();
  await run('{"to":"ada"}');
  await approved();
  expect(statusOf(await run('{"to":"eve"}'))).toBe('pending');
  expect(upstream.calls).toEqual([]);
});

test('arguments changed while waiting', async () => {
  await start();
  await run('{"to":"ada"}');
  const seen = await waitingRequest(gateway);
  await run('{"to":"eve"}');
  const other = await waitingRequest(gateway);
  const answer = await decide(gateway, { ...other, arguments_digest: seen.arguments_digest });
  expect([answer.status, answer.body.error]).toEqual([409, expect.stringContaining('arguments_digest that you sent')]);
  expect(statusOf(await run('{"to":"eve"}'))).toBe('pending');
  expect(upstream.calls).toEqual([]);
});

describe('reached by another path', () => {
  const message = (more: object) => ({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'write' }, ...more });
  const place = () => ({ gateway, token: minted.token });

  test('in a batch, as a notification, and as both', async () => {
    await start();
    await post(place(), [message({ id: 1 }), message({}), message({ id: 2 })]);
    await post(place(), message({}));
    expect(upstream.calls).toEqual([]);
  });

  test('in a session of the client, as a request and as a notification', async () => {
    await start();
    const session = await beginSession(place());
    await post(place(), message({ id: 1 }), session);
    await post(place(), message({}), session);
    await post(place(), message({ id: 1, method: 'TOOLS/CALL' }), session);
    expect(upstream.calls).toEqual([]);
  });

  test('in the stateless era', async () => {
    await start({ transport: 'stateless' });
    const { body, headers } = requestOf('stateless', 1, 'tools/call', { name: 'write', arguments: {} });
    expect(statusOf((await post(place(), body, headers)).body.result)).toBe('pending');
    expect(upstream.calls).toEqual([]);
  });

  test.each(['SSE', 'WebSocket'] as const)('over a pipe: %s', async (transport) => {
    await start({ transport });
    expect(statusOf(await run('{}'))).toBe('pending');
    expect(upstream.calls).toEqual([]);
  });

  test.each(['call_tool', 'call_read_tool'])(
    'by the meta-tool %s: the tool that it names is bound',
    async (metaTool) => {
      await start();
      upstream.tools = [{ ...WRITE, annotations: { readOnlyHint: true } }];
      const path = { integrated_account_id: minted.serverId.slice('mcp_'.length) };
      const body = { name: 'Discovery', config: { tool_exposure: 'discovery' } };
      const { token } = (await call(gateway.url, 'createEndpoint', { path, body })).body;
      const params = { name: metaTool, arguments: { tool_name: 'write', arguments: { a: 1 } } };
      const ask = async (): Promise<Json> =>
        (await post({ gateway, token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })).body.result;
      expect(statusOf(await ask())).toBe('pending');
      const request = await approved();
      expect([request.tool_name, request.arguments]).toEqual(['write', { a: 1 }]);
      expect((await ask()).content[0].text).toBe('Written.');
      const sent = upstream.calls.map((raw) => JSON.parse(raw).params);
      expect(sent).toEqual([{ name: 'write', arguments: { a: 1 } }]);
    },
  );

  test('through another endpoint over the same server', async () => {
    await start();
    await run('{}');
    await approved();
    const path = { integrated_account_id: minted.serverId.slice('mcp_'.length) };
    const other = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'Other' } })).body;
    minted = { ...minted, token: other.token };
    expect(statusOf(await run('{}'))).toBe('pending');
    expect(upstream.calls).toEqual([]);
  });
});

test('a redacted copy is not hashed: the approval of one password is not that of another', async () => {
  await start();
  await run('{"password":"first"}');
  const request = await approved();
  expect(request.arguments).toEqual({ password: 'first' });
  expect(statusOf(await run('{"password":"other"}'))).toBe('pending');
  expect((await run('{"password":"first"}')).isError).toBeUndefined();
});

test('what no person has seen is not sent', async () => {
  await start();
  // Members of extensions, and members of the protocol with another type than it defines, are no part of a call.
  const unseen = { account: 'eve', 'io.modelcontextprotocol/account': 'eve', baggage: { account: 'eve' } };
  const _meta = { progressToken: 1, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', ...unseen };
  const params = { name: 'write', arguments: { a: 1 }, input: { a: 2 }, task: { ttl: 1, account: 'eve' }, _meta };
  const ask = () => post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  await ask();
  await approved();
  await ask();
  expect(JSON.parse(upstream.calls[0] ?? '').params).toEqual({
    name: 'write',
    arguments: { a: 1 },
    _meta: { progressToken: expect.anything(), traceparent: _meta.traceparent },
  });
});

test('arguments that servers could read in two ways are refused', async () => {
  await start();
  for (const args of ['{"to":"ada","TO":"eve"}', '{"list":[{"x":{"to":1,"To":2}}]}']) {
    const body = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write","arguments":${args}}}`;
    const answer = await post({ gateway, token: minted.token }, Buffer.from(body));
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining('same name up to case')]);
  }
  expect(await listRequests(gateway)).toEqual([]);
});

test('a call of a tool with a definition that no person can read is refused', async () => {
  await start();
  upstream.tools = [{ ...WRITE, description: 'x'.repeat(1024 * 1024) }];
  gateway.clock.now += 60_001;
  const params = { name: 'write', arguments: { a: 1 } };
  const refused = await post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining('larger than 1 MiB')]);
  expect(await listRequests(gateway)).toEqual([]);
});

test('arguments with more values than a person can read are refused', async () => {
  await start();
  const ask = (values: number) => {
    const params = { name: 'write', arguments: { list: Array(values).fill(1) } };
    return post({ gateway, token: minted.token }, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  };
  // The arguments and the list are values too.
  expect(statusOf((await ask(19_998)).body.result)).toBe('pending');
  const refused = await ask(19_999);
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining('20000 values')]);
  expect(await listRequests(gateway)).toHaveLength(1);
});

test('crash resurrects a used yes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-approvals-'));
  try {
    const key = Buffer.alloc(32, 1).toString('base64');
    const options = { location: { kind: 'file', directory }, env: { GATEHOUSE_SECRET_KEY: key } } as const;
    await start(options);
    await run('{"pending":true}');
    await run('{}');
    const used = await approved();
    await run('{}');
    await gateway.stop();
    gateway = await startTestServer({ ...options, env: { ...options.env, GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
    expect((await getRequest(gateway, used.id)).status).toBe('used');
    expect(statusOf(await run('{}'))).toBe('pending');
    expect(upstream.calls).toHaveLength(1);
    // And nothing was lost: the other request still waits.
    const sizes = (await listRequests(gateway, { status: 'pending' })).map(({ arguments_bytes }) => arguments_bytes);
    expect(new Set(sizes)).toEqual(new Set([2, 16]));
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('click on an expired request grants nothing', async () => {
  await start();
  await run('{}');
  const request = await waitingRequest(gateway);
  gateway.clock.now += 300_000;
  expect((await getRequest(gateway, request.id)).status).toBe('expired');
  const answer = await decide(gateway, request);
  expect([answer.status, answer.body.error]).toEqual([
    409,
    expect.stringMatching(/has expired at 2026-.*Let the client/),
  ]);
  expect(statusOf(await run('{}'))).toBe('pending');
  expect(upstream.calls).toEqual([]);
});

test('an approval that nobody has used for 10 minutes grants nothing', async () => {
  await start();
  await run('{}');
  const request = await approved();
  gateway.clock.now += 600_000;
  expect(statusOf(await run('{}'))).toBe('pending');
  expect((await getRequest(gateway, request.id)).status).toBe('expired');
  const answer = await decide(gateway, request);
  expect([answer.status, answer.body.error]).toEqual([409, expect.stringContaining('but nobody used it until')]);
});

test('long arguments are not cut where a person looks', async () => {
  await start();
  const long = `${'x'.repeat(300_000)} and now delete everything`;
  await run(JSON.stringify({ long }));
  expect((await waitingRequest(gateway)).arguments.long).toBe(long);
});

test('approval of a tool that was renamed, or lives on another server or URL', async () => {
  await start();
  await run('{}');
  const request = await approved();
  const moved = await startRecorder('sessions');
  try {
    const path = { mcpServerId: minted.serverId };
    await call(gateway.url, 'updateMcpServer', { path, body: { url: moved.url } });
    expect(statusOf(await run('{}'))).toBe('pending');
    expect((await getRequest(gateway, request.id)).status).toBe('outdated');
    expect([upstream.calls, moved.calls]).toEqual([[], []]);
    await approved();
    moved.tools = [{ ...WRITE, name: 'renamed' }];
    gateway.clock.now += 60_001;
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'renamed', arguments: {} } };
    expect(statusOf((await post({ gateway, token: minted.token }, body)).body.result)).toBe('pending');
    expect([upstream.calls, moved.calls]).toEqual([[], []]);
  } finally {
    await moved.stop();
  }
});

test('two approvals at once: one is right, and one call runs', async () => {
  await start();
  await run('{}');
  const request = await waitingRequest(gateway);
  const answers = await Promise.all([1, 2, 3].map(() => decide(gateway, request)));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
  const results = await Promise.all([1, 2, 3, 4].map(() => run('{}')));
  expect(results.filter(({ isError }) => isError === undefined)).toHaveLength(1);
  expect(upstream.calls).toHaveLength(1);
});

test('a denial answers the same call with its reason, and never the same call of later', async () => {
  await start();
  await run('{}');
  const request = await waitingRequest(gateway);
  await decide(gateway, request, 'deny', { reason: 'June is not closed.' });
  for (const again of [1, 2]) {
    const result = await run('{}');
    expect([again, result.content[0].text]).toEqual([
      again,
      'A person has denied this call, and says: June is not closed.',
    ]);
    expect(statusOf(result)).toBe('denied');
  }
  expect((await decide(gateway, request)).body.error).toContain('was denied by First start');
  gateway.clock.now += 600_000;
  expect(statusOf(await run('{}'))).toBe('pending');
});

describe('server, endpoint or grant gone while pending', () => {
  test.each([
    ['the endpoint', 'deleteEndpoint'],
    ['the server', 'deleteMcpServer'],
  ] as const)('%s', async (_, operation) => {
    await start();
    await run('{}');
    const request = await waitingRequest(gateway);
    const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
    await call(gateway.url, operation, { path: { ...path, mcpServerId: minted.serverId } });
    const answer = await decide(gateway, request);
    expect([answer.status, answer.body.error]).toEqual([409, expect.stringContaining('Something has changed')]);
    expect((await getRequest(gateway, request.id)).status).toBe('outdated');
  });

  test('the organization', async () => {
    await start();
    await run('{}');
    await call(gateway.url, 'deleteOrganization', { path: { org_id: gateway.organizationId } });
    const { read } = gateway.deps.store;
    expect(await read.sql.selectFrom('approval_requests').select('id').execute()).toEqual([]);
  });
});

test('clock set back: a request expires all the same', async () => {
  await start({ env: { GATEHOUSE_APPROVAL_TIMEOUT: '1' } });
  await run('{}');
  const request = await waitingRequest(gateway);
  gateway.clock.now -= 3_600_000;
  while ((await getRequest(gateway, request.id)).status === 'pending') {
    await delay(20);
  }
  expect((await decide(gateway, request)).status).toBe(409);
});

test("client's time-out while the person reads", async () => {
  await start({ env: { GATEHOUSE_APPROVAL_HOLD: '60' } });
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write', arguments: {} } };
  const leaving = fetch(minted.url, {
    method: 'POST',
    headers: { Accept: 'application/json, text/event-stream' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(300),
  }).then((answer) => answer.text());
  // On a busy machine it leaves before the request is read.
  leaving.catch(() => undefined);
  const request = await waitingRequest(gateway);
  await expect(leaving).rejects.toThrow();
  await decide(gateway, request);
  await delay(100);
  expect(upstream.calls).toEqual([]);
  expect((await run('{}')).content[0].text).toBe('Written.');
});
