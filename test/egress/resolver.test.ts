import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createResolver } from '../../src/egress/resolver.ts';
import { type NameServer, startNameServer } from './support/dns.ts';

const LIMITS = { dnsTimeoutMs: 100, dnsCacheMs: 200, dnsFailureCacheMs: 200 };

let names: NameServer;
/** A name server that answers nothing. */
const silent = createSocket('udp4');

beforeAll(async () => {
  names = await startNameServer({
    'fast.test': ['192.0.2.7'],
    'silent.test': 'silence',
    ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`s${index}.slow.test`, 'silence' as const])),
  });
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(async () => {
  silent.close();
  await names.close();
});

const resolver = (servers = [names.address]) => createResolver({ ...LIMITS, servers });
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: NodeJS.ErrnoException) => error.code,
  );

test('unanswered names of one organization do not delay those of another', async () => {
  const resolverOf = resolver();
  let isOver = false;
  const slow = Promise.all(
    Array.from({ length: 24 }, (_, index) => failureOf(resolverOf('org_a')(`s${index}.slow.test`))),
  ).then((codes) => {
    isOver = true;
    return codes;
  });
  expect((await resolverOf('org_b')('fast.test')).map(({ address }) => address)).toEqual(['192.0.2.7']);
  expect(isOver).toBe(false);
  expect(new Set(await slow)).toEqual(new Set(['ETIMEOUT']));
});

test('the simultaneous lookups of an organization are limited, and others wait or are refused', async () => {
  const resolverOf = resolver();
  const before = names.queries.length;
  const codes = Array.from({ length: 100 }, (_, index) => failureOf(resolverOf('org_c')(`s${index}.slow.test`)));
  await expect.poll(() => names.queries.length).toBeGreaterThan(before);
  const asked = new Set(names.queries.slice(before).map((query) => query.split(' ')[1]));
  expect(asked.size).toBeLessThanOrEqual(8);
  expect((await Promise.all(codes)).filter((code) => code === 'TOO_MANY_LOOKUPS')).toHaveLength(100 - 8 - 64);
});

test('answers are cached for all organizations, failures for a shorter time', async () => {
  const resolverOf = createResolver({ ...LIMITS, dnsCacheMs: 60_000, dnsFailureCacheMs: 50, servers: [names.address] });
  const queriesOf = (name: string) => names.queries.filter((query) => query === `A ${name}`).length;
  const before = queriesOf('fast.test');
  await resolverOf('org_a')('fast.test');
  await resolverOf('org_b')('fast.test');
  expect(queriesOf('fast.test') - before).toBe(1);
  expect(await failureOf(resolverOf('org_a')('none.test'))).toBe('ENOTFOUND');
  const asked = queriesOf('none.test');
  expect(await failureOf(resolverOf('org_b')('none.test'))).toBe('ENOTFOUND');
  expect(queriesOf('none.test')).toBe(asked);
  await expect
    .poll(() => failureOf(resolverOf('org_a')('none.test')).then(() => queriesOf('none.test')))
    .toBe(asked + 1);
});

test('a lookup ends in time without an answer of a name server', async () => {
  const resolverOf = resolver([`127.0.0.1:${silent.address().port}`]);
  expect(await failureOf(resolverOf('org_a')('silent.test'))).toBe('ETIMEOUT');
});

test('the hosts file comes first', async () => {
  const found = await resolver()('org_a')('localhost');
  expect(found.map(({ address }) => address)).toContain('127.0.0.1');
});
