import { expect, test } from 'vitest';
import { openJsonRpcPipe } from '../../src/runtime/json-rpc-pipe.ts';
import type { ServerMessage } from '../../src/runtime/messages.ts';
import type { PipeFailure, PipeReader } from '../../src/runtime/pipe.ts';
import { createRequestIds } from '../../src/runtime/request-ids.ts';
import { ServerFailed } from '../../src/runtime/server-failed.ts';
import { LONGEST_MESSAGE, ownMemory } from '../support/memory.ts';

const ownId = createRequestIds();

/** A line whose server says what the test says; `sent` is what it was told. */
async function line(memory = ownMemory) {
  let reader: PipeReader | undefined;
  const ends: PipeFailure[] = [];
  const sent: string[] = [];
  const opened = await openJsonRpcPipe({
    name: 'Odd',
    idleTimeoutMs: 0,
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
