import { expect, test } from 'vitest';
import { createRequestRefuser } from '../../src/runtime/refuse-server-requests.ts';

test('limits the pending answers to a server that asks without end', async () => {
  const sent: { answer: object; done: () => void }[] = [];
  const refuse = createRequestRefuser(
    (answer) => new Promise((done) => sent.push({ answer, done: () => done(undefined) })),
  );
  for (let id = 0; id < 10_000; id++) {
    refuse({ jsonrpc: '2.0', id, method: 'sampling/createMessage', params: {} });
  }
  expect(sent).toHaveLength(32);
  expect(sent[0]?.answer).toEqual({
    jsonrpc: '2.0',
    id: 0,
    error: { code: -32601, message: expect.stringContaining('Gatehouse') },
  });
  sent[0]?.done();
  await new Promise(setImmediate);
  refuse({ jsonrpc: '2.0', id: 'late', method: 'ping' });
  expect(sent).toHaveLength(33);
  expect(sent[32]?.answer).toEqual({ jsonrpc: '2.0', id: 'late', result: {} });
});

test('an answer that cannot be sent makes room and fails nothing', async () => {
  let count = 0;
  const refuse = createRequestRefuser(async () => {
    count += 1;
    throw new Error('the server is gone');
  });
  for (let id = 0; id < 3; id++) {
    for (let turn = 0; turn < 32; turn++) {
      refuse({ jsonrpc: '2.0', id, method: 'ping' });
    }
    await new Promise(setImmediate);
  }
  expect(count).toBe(96);
});
