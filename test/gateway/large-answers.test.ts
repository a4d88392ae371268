import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { beginEvents, type Got, raw, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Milliseconds that the gateway may keep others waiting; what parsed such answers took twenty times as long. */
const CEILING_MS = 2500;

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** Answers with one event, whose result is this JSON text. */
const event =
  (result: string): Step =>
  (response, { message }) =>
    beginEvents(response).end(
      `event: message\ndata: {"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${result}}\n\n`,
    );

/** What a client reads of a call, as text, and how long another one waited meanwhile for an answer, at worst. */
async function callMeanwhile(): Promise<{ readonly status: number; readonly text: string; readonly worstMs: number }> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'act' } });
  let isOver = false;
  let worstMs = 0;
  const probing = (async () => {
    while (!isOver) {
      const began = performance.now();
      await (await fetch(`${gateway.url}/healthz`)).arrayBuffer();
      worstMs = Math.max(worstMs, performance.now() - began);
    }
  })();
  const response = await fetch(minted.url, { method: 'POST', body, headers: { Accept: 'application/json' } });
  const text = await response.text();
  isOver = true;
  await probing;
  return { status: response.status, text, worstMs };
}

const ones = (count: number) => `[${'1,'.repeat(count - 1)}1234567890123456789]`;

describe('an answer with many values', () => {
  test('arrives unchanged, and others are served meanwhile', async () => {
    const result = `{"content":[],"structuredContent":{"a":${ones(5_000_000)}, "b":1.0},"isError":false}`;
    server.script['tools/call'] = event(result);
    const { status, text, worstMs } = await callMeanwhile();
    expect([status, text === `{"jsonrpc":"2.0","id":7,"result":${result}}`, text.slice(0, 80)]).toEqual([
      200,
      true,
      text.slice(0, 80),
    ]);
    expect(worstMs).toBeLessThan(CEILING_MS);
  });

  test('is recorded as a failure if it is an error', async () => {
    server.script['tools/call'] = event(`{"content":[],"isError":true,"structuredContent":{"a":${ones(200_000)}}}`);
    expect((await callMeanwhile()).status).toBe(200);
    const failed = async () => {
      const { body } = await call(gateway.url, 'listAuditEvents', { query: { action: 'tool.called' }, as: 'operator' });
      return body.data.map(({ details }: { details: { reason?: string } }) => details.reason);
    };
    await expect.poll(failed, { timeout: 10_000 }).toContain('tool_error');
  });

  test.each([
    ['no JSON', `{"a":${ones(200_000)}`],
    ['a result with too many members', `{${Array.from({ length: 60_000 }, (_, n) => `"m${n}":[1,2]`).join(',')}}`],
  ])('%s is a failure of the server', async (_what, result) => {
    server.script['tools/call'] = event(result);
    const { status, text } = await callMeanwhile();
    expect([status, JSON.parse(text)]).toMatchObject([502, { error: { code: -32003 }, id: 7 }]);
  });
});

describe('a large answer in JSON, to a client without a session', () => {
  const large = `{"content":[{"type":"text","text":"${'x'.repeat(300_000)}"}],\n"isError":true}`;
  const json =
    (text: (id: unknown) => string): Step =>
    (response, { message }) =>
      raw(200, 'application/json', text(message.id))(response, { message } as Got);
  const callTool = (accept: string) =>
    fetch(minted.url, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: { name: 'act' } }),
      headers: { Accept: accept },
    });
  const lastReason = async (): Promise<string> => {
    await gateway.deps.callAudit.flush();
    const query = { action: 'tool.called', limit: '1' };
    return (await call(gateway.url, 'listAuditEvents', { query })).body.data[0].details.reason;
  };

  test.each<[string, (id: unknown) => string]>([
    ['first', (id) => `{"jsonrpc":"2.0","id":${id},"result":${large}}`],
    ['last', (id) => `{"result":${large},"jsonrpc":"2.0","id":${id}}`],
  ])('arrives unchanged except for the id, which stands %s', async (_, text) => {
    server.script['tools/call'] = json(text);
    expect((await (await callTool('application/json')).text()) === text('"mine"')).toBe(true);
    expect(await lastReason()).toBe('tool_error');
    const events = await (await callTool('text/event-stream')).text();
    const inOneLine = text('"mine"').replace('\n', ' ');
    expect(events === `event: message\ndata: ${inOneLine}\n\n`).toBe(true);
  });

  test('to another request is a failure of the server, if the id comes first', async () => {
    server.script['tools/call'] = json(() => `{"jsonrpc":"2.0","id":"of others","result":${large}}`);
    const answer = await callTool('application/json');
    expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: -32003 }, id: 'mine' }]);
    expect(await lastReason()).toBe('server_failed');
  });

  test('to another request ends the connection, if the id comes last', async () => {
    server.script['tools/call'] = json(() => `{"jsonrpc":"2.0","result":${large},"id":"of others"}`);
    const answer = await callTool('application/json');
    await expect(answer.text()).rejects.toThrow();
    expect(await lastReason()).toBe('server_failed');
  });
});

describe('a list of tools with many values', () => {
  const tool = (name: string, values: number) =>
    `{"name":"${name}","inputSchema":{"type":"object","x":${ones(values)}}}`;
  /** What the gateway lists of a server of its own, which has these tools. */
  async function list(tools: readonly string[]) {
    const lister = await startScripted('handshake', { 'tools/list': event(`{"tools":[${tools.join(',')}]}`) });
    try {
      const { serverId } = await mintOver(gateway, lister.url);
      return await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: serverId } });
    } finally {
      await lister.stop();
    }
  }

  test('is served without a tool that is too large', async () => {
    const tools = Array.from({ length: 30 }, (_, n) => tool(`t${n}`, 5000));
    const { status, body } = await list([...tools, tool('huge', 20_000)]);
    expect([status, body.data.map(({ name }: { name: string }) => name)]).toEqual([200, tools.map((_, n) => `t${n}`)]);
  });

  test('is refused if all of it is too large', async () => {
    const { status, body } = await list(Array.from({ length: 150 }, (_, n) => tool(`t${n}`, 7000)));
    expect([status, JSON.stringify(body)]).toEqual([502, expect.stringContaining('hold more than 1000000 values')]);
  });
});
