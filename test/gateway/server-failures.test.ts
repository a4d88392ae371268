import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type Ask, connect, eraOf, requestOf, WAYS } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { beginEvents, hang, raw, type Script, type Scripted, type Step, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

const CANARY = 'c4n4ry-of-the-server';
const breakOff: Step = (response) => response.destroy();
/** Promises more than it sends. */
const breakOffLater: Step = (response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
  response.write('{"jsonrpc"', () => response.destroy());
};

describe.each(WAYS)('a client that comes so: %s', (way) => {
  let server: Scripted;
  let wellBehaved: Script;
  let minted: Minted;
  let ask: Ask;
  beforeAll(async () => {
    server = await startScripted(eraOf(way));
    wellBehaved = { ...server.script };
    minted = await mintOver(gateway, server.url, { request_headers: { Authorization: `Bearer ${CANARY}` } });
    ask = await connect({ gateway, token: minted.token }, way);
    await ask('tools/list');
  });
  beforeEach(() => {
    Object.assign(server.script, wellBehaved);
  });
  afterAll(() => server.stop());
  const isRelayed = way !== 'just calls';

  test.each<[string, Step, number, string]>([
    ['HTML, 500', raw(500, 'text/html', `<h1>${CANARY}</h1>`), 502, 'HTTP 500'],
    ['HTML, 502', raw(502, 'text/html', `<h1>${CANARY}</h1>`), 502, 'HTTP 502'],
    ['HTML, 200', raw(200, 'text/html', `<h1>${CANARY}</h1>`), 502, 'neither JSON nor events'],
    ['nothing, 204', raw(204, 'text/plain', ''), 502, 'neither JSON nor events'],
    ['JSON of another kind, 500', raw(500, 'application/json', `{"error": "${CANARY}"}`), 502, ''],
    ['401', raw(401, 'text/plain', CANARY, { 'WWW-Authenticate': `Bearer ${CANARY}` }), 502, 'refused the credentials'],
    ['403', raw(403, 'text/plain', CANARY), 502, 'refused the credentials'],
    ['a redirect', raw(307, 'text/plain', '', { Location: 'http://localhost:9/mcp' }), 502, 'HTTP 307'],
    ['an end before the answer', breakOff, 502, 'broke off'],
    ['an end in the answer', breakOffLater, 502, 'broke off'],
  ])('reports a server that answers with %s', async (_, step, status, message) => {
    const before = server.got().length;
    server.script['tools/call'] = step;
    const answer = await ask('tools/call', { name: 'act' });
    expect([answer.status, answer.body.error.code]).toEqual([status, -32003]);
    expect(answer.body.error.message).toMatch(/^The MCP server 'Everything' /);
    expect(answer.body.error.message).toContain(message);
    expect(answer.body.id).toEqual(expect.any(Number));
    expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(CANARY);
    // No redirect to elsewhere is followed, and nothing that may have been carried out is asked again.
    const calls = server.got().slice(before);
    expect(calls.filter(({ message }) => message?.method === 'tools/call')).toHaveLength(1);
    server.script['tools/call'] = wellBehaved['tools/call'] as Step;
    expect((await ask('tools/call', { name: 'act' })).body.result.content[0].text).toBe('act');
  });

  test('relays an answer with another id unchanged, because the client knows its ids', async () => {
    server.script['tools/call'] = raw(200, 'application/json', '{"jsonrpc":"2.0","id":77,"result":{}}');
    const { status, body } = await ask('tools/call', { name: 'act' });
    expect([status, isRelayed ? body.id : body.error.message]).toEqual(
      isRelayed ? [200, 77] : [502, "The MCP server 'Everything' ended its answer before it had answered."],
    );
  });

  test.each<[string, Step]>([
    ['before the answer', breakOff],
    ['in the answer', breakOffLater],
  ])('calls a reading tool once more when the server breaks off %s', async (_, step) => {
    let calls = 0;
    server.script['tools/call'] = (response, got) =>
      (++calls === 1 ? step : (wellBehaved['tools/call'] as Step))(response, got);
    expect((await ask('tools/call', { name: 'look' })).body.result.content[0].text).toBe('look');
    expect(calls).toBe(2);
    server.script['tools/call'] = (response, got) => {
      calls++;
      step(response, got);
    };
    expect((await ask('tools/call', { name: 'look' })).body.error.message).toContain('broke off');
    expect(calls).toBe(4);
  });

  test('ends the stream of the client when the stream of the server breaks', async () => {
    server.script['tools/call'] = (response) => beginEvents(response).write(': hello\n\n', () => response.destroy());
    const accept = { Accept: 'application/json, text/event-stream' };
    const asking = ask('tools/call', { name: 'act' }, accept);
    await (isRelayed
      ? expect(asking).rejects.toThrow()
      : expect(asking).resolves.toMatchObject({ status: 502, body: { error: { code: -32003 } } }));
  });

  test('a server that hangs delays no others, and gets the cancellation', async () => {
    const ended = new Promise<void>((resolve) => {
      server.script['tools/call'] = (response) => response.once('close', resolve);
    });
    const asked = server.next('tools/call');
    const leaving = new AbortController();
    const { body, headers } = requestOf(way === 'stateless' ? way : 'just calls', 1, 'tools/call', { name: 'act' });
    const hanging = fetch(minted.url, { method: 'POST', headers, body: JSON.stringify(body), signal: leaving.signal });
    hanging.catch(() => undefined);
    await asked;
    expect((await ask('tools/list')).body.result.tools).toHaveLength(2);
    expect((await call(gateway.url, 'getHealth')).status).toBe(200);
    leaving.abort();
    await ended;
    await expect(hanging).rejects.toThrow();
  });
});

describe.each(WAYS.filter((way) => way !== 'own session'))('a server that is down: %s', (way) => {
  test('is reported by name, and used again when it is back', async () => {
    const server = await startScripted(eraOf(way), { 'tools/call': hang });
    const { token } = await mintOver(gateway, server.url, { name: 'Cellar' });
    const ask = await connect({ gateway, token }, way);
    await ask('tools/list');
    await server.stop();
    const answer = await ask('tools/call', { name: 'act' });
    expect(answer.status).toBe(502);
    expect(answer.body.error.message).toBe("The MCP server 'Cellar' cannot be reached (ECONNREFUSED).");
    const back = await startScripted(eraOf(way), {}, Number(new URL(server.url).port));
    expect((await ask('tools/call', { name: 'act' })).body.result.content[0].text).toBe('act');
    await back.stop();
  });
});
