import { afterEach, describe, expect, test, vi } from 'vitest';
import { openJsonRpcPipe } from '../../src/runtime/json-rpc-pipe.ts';
import type { ServerMessage } from '../../src/runtime/messages.ts';
import type { PipeFailure, PipeReader } from '../../src/runtime/pipe.ts';
import { createRequestIds } from '../../src/runtime/request-ids.ts';
import { ServerFailed } from '../../src/runtime/server-failed.ts';
import { LONGEST_MESSAGE, ownMemory } from '../support/memory.ts';

const ownId = createRequestIds();

/** A line whose server says what the test says; `sent` is what it was told. */
async function line(memory = ownMemory, idleTimeoutMs = 0) {
  let reader: PipeReader | undefined;
  const ends: PipeFailure[] = [];
  const sent: string[] = [];
  const opened = await openJsonRpcPipe({
    name: 'Odd',
    idleTimeoutMs,
    open: async (given) => {
      reader = given;
      return { send: async (message) => void sent.push(message), close: async () => undefined };
    },
    onChanged: () => undefined,
    onEnd: (failure) => ends.push(failure),
    memory,
  });
  return { ...opened, reader: reader as PipeReader, ends, sent };
}

const ones = (count: number) => `[${'1,'.repeat(count - 1)}1]`;

async function all(messages: AsyncIterable<ServerMessage>): Promise<ServerMessage[]> {
  const found: ServerMessage[] = [];
  for await (const message of messages) {
    found.push(message);
  }
  return found;
}

test('messages keep their order behind a large one, also at the end of the pipe', async () => {
  const { request, reader } = await line();
  const id = ownId();
  const asked = all(request({ id, method: 'tools/call', params: {} }, new AbortController().signal));
  const progress = (of: string) =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id},"x":${of}}}`;
  reader.message(progress(ones(200_000)));
  reader.message(progress('1'));
  reader.message(progress(ones(200_000)));
  reader.message(`{"jsonrpc":"2.0","id":${id},"result":{"big":${ones(200_000)},"isError":true}}`);
  reader.ended(new ServerFailed('Odd', 'broken', 'ended.'));
  const messages = await asked;
  expect(
    JSON.parse(JSON.stringify(messages)).map(({ params }: { params?: { x: unknown } }) => typeof params?.x),
  ).toEqual(['object', 'number', 'object', 'undefined']);
  expect(messages.at(-1)).toMatchObject({ id, result: { isError: true } });
});

test('a large text that is not a message fails the request with the id in it', async () => {
  const { request, reader, strayCount } = await line();
  const id = ownId();
  const asked = all(request({ id, method: 'tools/call', params: {} }, new AbortController().signal));
  reader.message(`{"jsonrpc":"2.0","id":${id},"result":${ones(200_000)}`);
  await expect(asked).rejects.toThrow('its answer is no JSON-RPC message');
  expect(strayCount()).toBe(1);
});

test('many texts that are not messages are searched once each, however many requests wait', async () => {
  const { request, reader, strayCount } = await line();
  const { signal } = new AbortController();
  const waiting = Array.from({ length: 200 }, () =>
    request({ id: ownId(), method: 'ping', params: {} }, signal).next(),
  );
  const batch = `[${'{"no":"message"},'.repeat(30_000)}1]`;
  const began = performance.now();
  await Promise.all([reader.message(batch), reader.message(`nothing ${'x'.repeat(LONGEST_MESSAGE / 2)}`)]);
  expect(strayCount()).toBe(2);
  // Each stray for each request would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
  reader.ended(new ServerFailed('Odd', 'broken', 'ended.'));
  await Promise.all(waiting.map((next) => expect(next).rejects.toThrow('ended.')));
});

describe('the idle timeout', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Says a text again and again, for longer than the idle timeout, and returns the state of a request that waits. */
  async function whileSaying(text: (ids: { own: number; other: number }) => string): Promise<string> {
    vi.useFakeTimers();
    const { request, reader } = await line(ownMemory, 1000);
    const [own, other] = [ownId(), ownId()];
    const { signal } = new AbortController();
    let state = 'waits';
    const asked = request({ id: own, method: 'tools/call', params: {} }, signal).next();
    asked.catch(({ message }: Error) => {
      state = message;
    });
    void all(request({ id: other, method: 'tools/call', params: {} }, signal)).catch(() => undefined);
    for (let count = 0; count < 10; count++) {
      await vi.advanceTimersByTimeAsync(400);
      await reader.message(text({ own, other }));
    }
    const seen = state;
    await vi.advanceTimersByTimeAsync(3000);
    expect(state).toContain('sent nothing for 1 s');
    return seen;
  }
  const notification = (method: string, params?: object) => JSON.stringify({ jsonrpc: '2.0', method, params });

  test.each<[string, string]>([
    ['a log message', notification('notifications/message', { level: 'info', data: 'at work' })],
    ['a large log message', notification('notifications/message', { data: 'x'.repeat(100_000) })],
    [
      'a log message of many values',
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":${ones(200_000)}}}`,
    ],
    ['a batch', `[${notification('notifications/message', {})}]`],
    ['changed tools', notification('notifications/tools/list_changed')],
    ['a changed resource', notification('notifications/resources/updated', { uri: 'a:b' })],
    ['an unknown notification', notification('notifications/unknown')],
    ['a ping', '{"jsonrpc":"2.0","id":1,"method":"ping"}'],
    [
      'a request of the server',
      '{"jsonrpc":"2.0","id":"r","method":"roots/list","params":{"_meta":{"progressToken":1}}}',
    ],
    ['text that is no message', 'at work'],
  ])('begins anew with %s', async (_, text) => {
    expect(await whileSaying(() => text)).toBe('waits');
  });

  test.each<[string, (ids: { other: number }) => string]>([
    [
      'the progress of another request',
      ({ other }) => notification('notifications/progress', { progressToken: other }),
    ],
    ['the progress of no request', () => notification('notifications/progress', { progressToken: 'gone' })],
    ['the answer to another request', ({ other }) => `{"jsonrpc":"2.0","id":${other},"result":{}}`],
    ['the answer to no request', () => '{"jsonrpc":"2.0","id":"gone","result":{}}'],
  ])('does not begin anew with %s', async (_, text) => {
    expect(await whileSaying(text)).toContain('sent nothing for 1 s');
  });
});
