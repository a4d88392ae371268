import { type Dispatcher, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEgress, type Egress, EgressRefused } from '../../src/egress/egress.ts';
import { startNameServer } from './support/dns.ts';
import { NO_URLS_OF_OURS, REFUSED } from './support/hostile-urls.ts';
import { startCanaries, startHttp } from './support/listeners.ts';

const LIMITS = { maxBytes: 1000, timeoutMs: 20_000 };
const canaries = await startCanaries();
/** `PORT` is where the canaries listen, on both addresses of loopback. */
const at = (text: string): string => text.replaceAll('PORT', String(canaries.port));

/** Names of which at least one address is refused. */
const NAMES: Readonly<Record<string, readonly [kind: string, ...addresses: string[]]>> = {
  'loop.test': ['loopback', '127.0.0.1'],
  'loop6.test': ['loopback', '::1'],
  'mapped.test': ['loopback', '::ffff:7f00:1'],
  'compatible.test': ['reserved', '::808:808'],
  'zero.test': ['unspecified', '0.0.0.0'],
  'zero6.test': ['unspecified', '::'],
  'private.test': ['private', '10.1.2.3'],
  'metadata.test': ['cloud metadata', '169.254.169.254'],
  'metadata6.test': ['cloud metadata', 'fd00:ec2::254'],
  'nat64.test': ['NAT64', '64:ff9b::7f00:1'],
  'one-of-two.test': ['loopback', '8.8.8.8', '127.0.0.1'],
  'six-is-public.test': ['loopback', '2606:4700::1', '127.0.0.1'],
  'four-is-public.test': ['loopback', '8.8.8.8', '::1'],
  'last-of-many.test': ['private', '8.8.8.8', '8.8.4.4', '1.1.1.1', '192.168.0.9'],
};

const names = await startNameServer(
  Object.fromEntries(Object.entries(NAMES).map(([name, [, ...addresses]]) => [name, addresses])),
);
let egress: Egress;

beforeAll(() => {
  egress = createEgress({ allow: [], own: () => [], resolve: names.resolve });
});
afterAll(async () => {
  await egress.dispatcher.destroy();
  await Promise.all([names.close(), canaries.close()]);
});

/** What was refused, and that nobody was connected to. */
async function refusal(attempt: () => unknown): Promise<string> {
  const before = canaries.connections();
  const error = await Promise.resolve()
    .then(attempt)
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(EgressRefused);
  expect(canaries.connections()).toBe(before);
  return (error as Error).message;
}

const get = (url: string, dispatcher: Dispatcher = egress.dispatcher): Promise<unknown> => request(url, { dispatcher });

describe('refuses literal addresses and local names without a lookup', () => {
  test.each(REFUSED)('%j: %s', async (template, kind) => {
    const url = new URL(at(template));
    const expected = `Connections to ${url.hostname} are refused: its address is ${kind}. The operator can list it in GATEHOUSE_EGRESS_ALLOW.`;
    expect(await refusal(() => egress.check(url))).toBe(expected);
    expect(await refusal(() => egress.fetchDocument(url, LIMITS))).toBe(expected);
    if (url.protocol.startsWith('http')) {
      // The connector alone, which sees IPv6 without brackets.
      expect(await refusal(() => get(url.href))).toBe(expected.replace(/\[(.*)\]/, '$1'));
    }
  });
});

describe('other schemes and credentials', () => {
  test.each(NO_URLS_OF_OURS)('%j: %s', async (template, why) => {
    const url = new URL(at(template));
    for (const attempt of [() => egress.check(url), () => egress.fetchDocument(url, LIMITS)]) {
      const message = await refusal(attempt);
      expect(message).toContain(why);
      expect(message).not.toContain('hush');
    }
  });

  test('fetches documents over http and https only', async () => {
    expect(await refusal(() => egress.fetchDocument(new URL('wss://example.com/'), LIMITS))).toContain('not wss:');
  });
});

describe('names', () => {
  test.each(Object.entries(NAMES))('%s: %s', async (name, [kind, ...addresses]) => {
    for (const host of [name, `${name}.`]) {
      const url = new URL(at(`http://${host}:PORT/`));
      egress.check(url);
      for (const attempt of [() => get(url.href), () => egress.fetchDocument(url, LIMITS)]) {
        const message = await refusal(attempt);
        expect(message).toContain(`Connections to ${host} are refused: its address is ${kind}.`);
        // Whoever gives names must not learn which addresses they have in the operator's network.
        expect(addresses.filter((address) => message.includes(address))).toEqual([]);
      }
    }
  });

  test('begins no TLS handshake', async () => {
    expect(await refusal(() => get(at('https://loop.test:PORT/')))).toContain('loopback');
  });
});

describe('refuses hosts in unusual notations', () => {
  test.each([
    '0x7f.1',
    '2130706433',
    '017700000001',
    '127.1',
    'localhost',
    'LocalHost.',
    '::1',
    '[::1]',
    '::1%lo',
    'fe80::1%lo',
  ])('%s', async (hostname) => {
    // The system's resolver reads numbers as the C library does, without a query.
    const { connector } = createEgress({ allow: [], own: () => [] });
    await refusal(
      () =>
        new Promise((resolve, reject) => {
          connector({ hostname, protocol: 'http:', port: String(canaries.port) }, (error, socket) => {
            socket?.destroy();
            error === null ? resolve(socket) : reject(error);
          });
        }),
    );
  });
});

describe('refuses redirects of an allowed server', () => {
  const targets = [
    'http://[::1]:PORT/',
    '//[::1]:PORT/',
    'http://[0:0::1]:PORT/',
    'http://loop6.test:PORT/',
    'http://metadata.google.internal/computeMetadata/v1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:10.0.0.1]/',
    'http://0:PORT/',
    'http://user:hush-hush@127.0.0.1/',
    'file:///etc/passwd',
    'ftp://127.0.0.1:PORT/',
    'data:application/json,{}',
    'ws://127.0.0.1:PORT/',
    'gopher://127.0.0.1:PORT/',
  ];

  test.each(targets)('to %s, in the first and in the fifth redirect', async (template) => {
    let requests = 0;
    const server = await startHttp('127.0.0.1', (incoming, response) => {
      requests += 1;
      const left = Number(incoming.url?.slice(1));
      response.writeHead(302, { location: left === 0 ? at(template) : `/${left - 1}` }).end();
    });
    // Of loopback IPv4 alone is allowed: IPv6 is where nobody may come.
    const allowing = createEgress({ allow: ['127.0.0.1'], own: () => [], resolve: names.resolve });
    try {
      for (const hops of [0, 4]) {
        requests = 0;
        const message = await refusal(() => allowing.fetchDocument(new URL(`${server.url}/${hops}`), LIMITS));
        expect(message).not.toContain('hush');
        expect(requests).toBe(hops + 1);
      }
    } finally {
      await allowing.dispatcher.destroy();
      await server.close();
    }
  });
});

test('the listeners notice allowed requests', async () => {
  const allowing = createEgress({ allow: ['127.0.0.0/8', '::1'], own: () => [], resolve: names.resolve });
  for (const host of ['127.0.0.1', '[::1]', 'loop.test', 'loop6.test']) {
    const before = canaries.connections();
    await expect(get(at(`http://${host}:PORT/`), allowing.dispatcher)).rejects.not.toBeInstanceOf(EgressRefused);
    expect(canaries.connections()).toBe(before + 1);
  }
  await allowing.dispatcher.destroy();
});
