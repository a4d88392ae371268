import { afterEach, describe, expect, test } from 'vitest';
import type { Era } from '../../src/runtime/protocol.ts';
import { beginEvents, eventOf, json, raw, type Step } from '../support/scripted.ts';
import { type Connected, startConnected } from './support/connected.ts';

let connected: Connected;
afterEach(() => connected.stop());

const NOTE = { jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x' } };
const batch = (...messages: object[]) => raw(200, 'application/json', JSON.stringify(messages));
const answerOf = (id: unknown) => ({ jsonrpc: '2.0', id, result: { content: [] } });

describe.each<Era>(['handshake', 'stateless'])('of a server with the %s protocol', (era) => {
  const ask = async (step: Step, id: unknown = 1) => {
    connected = await startConnected(era, { 'tools/call': step });
    return connected.ask({ id });
  };

  test.each<[string, Step, object[]]>([
    ['JSON', json({ result: { content: [] } }), []],
    [
      'events, with notifications before it',
      (response, { message }) => beginEvents(response).end(eventOf(NOTE) + eventOf(answerOf(message.id))),
      [NOTE],
    ],
    [
      'events, the stream left open',
      (response, { message }) => beginEvents(response).write(eventOf(answerOf(message.id))),
      [],
    ],
    [
      'events, without the empty line in the end',
      (response, { message }) => beginEvents(response).end(eventOf(answerOf(message.id)).trimEnd()),
      [],
    ],
    [
      'an event that only says where to resume, then one with a batch',
      (response, { message }) =>
        beginEvents(response).end(`id: 1\ndata:\n\ndata: ${JSON.stringify([NOTE, answerOf(message.id)])}\n\n`),
      [NOTE],
    ],
    ['a batch', (response, got) => batch(answerOf(got.message.id))(response, got), []],
    ['a batch with a notification', (response, got) => batch(NOTE, answerOf(got.message.id))(response, got), [NOTE]],
    [
      'JSON of a length that is not told',
      (response, { message }) =>
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answerOf(message.id))),
      [],
    ],
    ['an error without an id', json({ id: null, result: { content: [] } }), []],
  ])('%s', async (_, step, before) => {
    expect(await ask(step)).toEqual([...before, answerOf(1)]);
  });

  test.each<[string, Step, RegExp]>([
    ['nothing', raw(200, 'application/json', ''), /ended its answer before/],
    ['a stream that ends', (response) => beginEvents(response).end(), /ended its answer before/],
    ['an answer to something else', json({ id: 'nobody', result: {} }), /ended its answer before/],
    [
      'half an answer',
      (response) =>
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '9' })
          .write('{', () => response.destroy()),
      /broke off/,
    ],
    ['JSON that is none', raw(200, 'application/json', '{'), /no JSON-RPC message/],
    ['a number', raw(200, 'application/json', '1'), /no JSON-RPC message/],
    ['an event that is no JSON', (response) => beginEvents(response).end('data: hello\n\n'), /no JSON-RPC message/],
    ['JSON of another kind', raw(404, 'application/json', '{"detail": "Not Found"}'), /no JSON-RPC message/],
    ['an error of another kind', raw(500, 'application/json', '{"error": "boom"}'), /no JSON-RPC message/],
    ['HTML', raw(502, 'text/html', '<h1>Bad gateway</h1>'), /answered with HTTP 502/],
    ['a redirect', raw(301, 'text/plain', ''), /HTTP 301 and neither JSON nor events/],
    ['credentials refused', raw(403, 'text/plain', ''), /refused the credentials .*HTTP 403/],
  ])('%s: a failure that names the server', async (_, step, message) => {
    await expect(ask(step)).rejects.toThrow(message);
    await expect(connected.ask()).rejects.toThrow("The MCP server 'Scripted' ");
  });

  test.each([
    ['null', null],
    ['a string', 'ż"\\'],
    ['a number', 0],
    ['a fraction', 0.5],
  ])('restores the id of the caller: %s', async (_, id) => {
    const answers = await ask((response, got) => {
      expect(got.message.id).not.toEqual(id);
      json({ result: { content: [] } })(response, got);
    }, id);
    expect(answers).toEqual([answerOf(id)]);
  });

  test('keeps the digits of numbers in the id and in the answer', async () => {
    const id = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON('12345678901234567890');
    const step: Step = (response, { message }) =>
      response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{"big":9007199254740993}}`);
    const text = JSON.stringify((await ask(step, id))[0]);
    expect(text).toContain('"id":12345678901234567890');
    expect(text).toContain('"big":9007199254740993');
  });
});

test('returns a small answer as JSON with the id of the caller, and the messages of a batch', async () => {
  connected = await startConnected('handshake');
  const { server, connection } = connected;
  const ask = () =>
    connection.sendRaw(
      { id: 'ä', method: 'tools/call', params: { name: 'look' } },
      'handshake',
      new AbortController().signal,
    );
  const whole = await ask();
  expect('json' in whole && String(whole.json)).toBe(
    '{"jsonrpc":"2.0","id":"ä","result":{"content":[{"type":"text","text":"look"}]}}',
  );
  server.script['tools/call'] = (response, got) => batch(answerOf(got.message.id))(response, got);
  const messages = await ask();
  expect('next' in messages && (await messages.next())).toMatchObject({ value: answerOf('ä') });
});

test('refuses more than 32 MiB', async () => {
  let sent = 0;
  connected = await startConnected('handshake', {
    'tools/call': (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const more = (): void => {
        while (!response.destroyed && sent++ < 200 && response.write(chunk)) {}
      };
      response.on('drain', more);
      more();
    },
  });
  await expect(connected.ask()).rejects.toThrow(/larger than 33554432 bytes/);
  expect(sent).toBeLessThan(100);
});
