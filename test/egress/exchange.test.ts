import { afterAll, expect, test } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import { exchange, type HttpRequest } from '../../src/egress/exchange.ts';
import { startHttp } from './support/listeners.ts';

let asked = 0;
const served = await startHttp('127.0.0.1', (_incoming, response) => {
  asked += 1;
  response.end();
});
afterAll(() => served.close());

const aRequest = (signal: AbortSignal): HttpRequest => ({
  origin: `http://slow.test:${served.port}`,
  path: '/',
  method: 'POST',
  headers: {},
  body: null,
  signal,
  silence: 0,
});

test('who leaves while the connection comes about is told at once, and nothing is sent', async () => {
  const resolving = Promise.withResolvers<void>();
  const resolve = async () => {
    await resolving.promise;
    return [{ address: '127.0.0.1', family: 4 }];
  };
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve });
  const leaving = new AbortController();
  const left = exchange(egress, aRequest(leaving.signal), ({ cause }) => cause);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  resolving.resolve();
  const { status } = await exchange(egress, aRequest(new AbortController().signal), ({ cause }) => cause);
  expect([status, asked]).toEqual([200, 1]);
  await egress.dispatcher.destroy();
});

test('a signal that has ended already sends nothing', async () => {
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  const before = asked;
  const failed = exchange(egress, aRequest(AbortSignal.abort(new Error('gone'))), ({ cause }) => cause);
  await expect(failed).rejects.toThrow('gone');
  expect(asked).toBe(before);
  await egress.dispatcher.close();
});
