import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, expect, test } from 'vitest';
import { createEgress, EgressRefused } from '../../src/egress/egress.ts';
import { startNameServer } from './support/dns.ts';
import { startHttp } from './support/listeners.ts';

// IPv4 of loopback is allowed and serves; under the same port IPv6 is where nobody may come.
const served = await startHttp('127.0.0.1', (incoming, response) => {
  response.end(incoming.headers.host);
});
const canary = await startHttp('::1', (_incoming, response) => response.end('the canary'), served.port);
let later = ['127.0.0.1'];
const names = await startNameServer({
  'every-time.test': (query) => (query === 0 ? ['127.0.0.1'] : ['::1']),
  'later.test': () => later,
  'good.test': ['127.0.0.1'],
  'evil.test': ['::1'],
});
const newEgress = () => createEgress({ allow: ['127.0.0.1'], own: () => [], resolve: names.resolve });
const url = (host: string): string => `http://${host}:${served.port}/`;

afterAll(async () => {
  await Promise.all([served.close(), canary.close(), names.close()]);
});

test('a name is resolved once per connection, which goes to the checked address', async () => {
  const egress = newEgress();
  egress.check(new URL(url('every-time.test')));
  const { body } = await request(url('every-time.test'), { dispatcher: egress.dispatcher });
  expect(await body.text()).toBe(`every-time.test:${served.port}`);
  expect(names.queries.filter((query) => query.endsWith(' every-time.test')).toSorted()).toEqual([
    'A every-time.test',
    'AAAA every-time.test',
  ]);
  await egress.dispatcher.destroy();
  const another = newEgress();
  await expect(request(url('every-time.test'), { dispatcher: another.dispatcher })).rejects.toThrow(EgressRefused);
  await another.dispatcher.destroy();
  expect(canary.connections()).toBe(0);
});

test('an open connection is reused, and a new one is checked again', async () => {
  const egress = newEgress();
  const get = async () => {
    await (await request(url('later.test'), { dispatcher: egress.dispatcher })).body.text();
    // The connection is free in the turn after the end of the body.
    await setImmediate();
  };
  const before = served.connections();
  await get();
  later = ['127.0.0.1', '::1'];
  await get();
  expect(served.connections()).toBe(before + 1);

  const gone = once(egress.dispatcher, 'disconnect');
  served.closeConnections();
  await gone;
  await expect(get()).rejects.toThrow(EgressRefused);
  expect(served.connections()).toBe(before + 1);
  expect(canary.connections()).toBe(0);
  await egress.dispatcher.destroy();
});

test('an open connection to one host is not used for another', async () => {
  const egress = newEgress();
  const get = (host: string) => request(url(host), { dispatcher: egress.dispatcher });
  await (await get('good.test')).body.dump();
  for (const host of ['evil.test', '[::1]']) {
    await expect(get(host)).rejects.toThrow(EgressRefused);
  }
  await expect(
    request(url('evil.test'), { dispatcher: egress.dispatcher, headers: { host: 'good.test' } }),
  ).rejects.toThrow(EgressRefused);
  expect(canary.connections()).toBe(0);
  await egress.dispatcher.destroy();
});
