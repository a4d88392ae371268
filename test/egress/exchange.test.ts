import type { RequestListener } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import { exchange, type Failure, type HttpRequest } from '../../src/egress/exchange.ts';
import { startHttp } from './support/listeners.ts';

let asked = 0;
const routes: Record<string, RequestListener> = {
  '/': (_incoming, response) => {
    asked += 1;
    response.end();
  },
  '/silent': () => undefined,
  '/half': (_incoming, response) => response.writeHead(200).write('half'),
  '/slow': (_incoming, response) => {
    response.writeHead(200).write('one ');
    setTimeout(() => response.write('two '), 800);
    setTimeout(() => response.end('three'), 1600);
  },
  '/large': (_incoming, response) => response.end('x'.repeat(LARGE)),
};
/** More than a connection holds while nobody reads. */
const LARGE = 64 * 1024 * 1024;
const served = await startHttp('127.0.0.1', (incoming, response) => routes[incoming.url ?? '']?.(incoming, response));
afterAll(() => {
  served.closeConnections();
  return served.close();
});

const aRequest = (signal: AbortSignal, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  origin: `http://slow.test:${served.port}`,
  path: '/',
  method: 'POST',
  headers: {},
  body: null,
  signal,
  silence: 0,
  ...changes,
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

describe('silence', () => {
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  afterAll(() => egress.dispatcher.destroy());
  const told: Failure[] = [];
  const ask = (path: string, silence: number) => {
    const origin = served.url;
    const request = aRequest(new AbortController().signal, { origin, path, silence });
    return exchange(egress, request, (failure) => {
      told.push(failure);
      return new Error(failure.kind);
    });
  };

  test('before the answer', async () => {
    await expect(ask('/silent', 1000)).rejects.toThrow('late');
    expect(told.pop()?.isAnswered).toBe(false);
  });

  test('in the middle of the answer', async () => {
    const { body } = await ask('/half', 1000);
    await expect(text(body as Readable)).rejects.toThrow('late');
    expect(told.pop()?.isAnswered).toBe(true);
  });

  test('is broken by every byte, and not counted while nobody reads', async () => {
    const [slow, large] = await Promise.all([ask('/slow', 1000), ask('/large', 1000)]);
    await expect(text(slow.body as Readable)).resolves.toBe('one two three');
    await delay(500);
    await expect(text(large.body as Readable)).resolves.toHaveLength(LARGE);
  });

  test('without a limit lasts', async () => {
    const { body } = await ask('/slow', 0);
    await expect(text(body as Readable)).resolves.toBe('one two three');
  });
});
