import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { fetch, request, WebSocket } from 'undici';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createEgress, type Egress, EgressRefused, type OwnEndpoint } from '../../src/egress/egress.ts';
import { CERTIFICATE, KEY } from './support/certificate.ts';
import { startNameServer } from './support/dns.ts';
import { startHttp } from './support/listeners.ts';

const four = await startHttp('127.0.0.1', (_incoming, response) => response.end('four'));
const six = await startHttp('::1', (_incoming, response) => response.end('six'), four.port);
const loopback = ['127.0.0.1'];
const names = await startNameServer({
  'good.test': loopback,
  'other.test': loopback,
  'a.b.good.test': loopback,
  'notgood.test': loopback,
  'both.test': ['127.0.0.1', '::1'],
  'metadata.good.test': ['169.254.169.254'],
});
const open: Egress[] = [];
const newEgress = (allow: readonly string[], own: readonly OwnEndpoint[] = []): Egress => {
  const egress = createEgress({ allow, own: () => own, resolve: names.resolve });
  open.push(egress);
  return egress;
};
const get = async (egress: Egress, url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await request(url, { dispatcher: egress.dispatcher, headers })).body.text();

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ dispatcher }) => dispatcher.destroy()));
});
afterAll(async () => {
  await Promise.all([four.close(), six.close(), names.close()]);
});

describe('an entry of GATEHOUSE_EGRESS_ALLOW', () => {
  test.each([
    ['127.0.0.0/8', '127.0.0.1', 'four'],
    ['127.0.0.1', '127.0.0.1', 'four'],
    ['127.0.0.1', '0x7f.1', 'four'],
    ['127.0.0.1', '[::ffff:127.0.0.1]', 'four'],
    ['::ffff:127.0.0.1', '127.0.0.1', 'four'],
    ['127.0.0.1', 'good.test', 'four'],
    ['::1', '[::1]', 'six'],
    ['::/127', '[0::1]', 'six'],
    ['0:0::1', '[::1]', 'six'],
    ['good.test', 'good.test', 'four'],
    ['GOOD.test.', 'good.TEST', 'four'],
    ['good.test', 'good.test.', 'four'],
    ['*.good.test', 'a.b.good.test', 'four'],
    ['*.test', 'good.test', 'four'],
  ])('%s allows %s', async (entry, host, answer) => {
    const egress = newEgress(['192.168.0.0/16', entry.toLowerCase()]);
    egress.check(new URL(`http://${host}:${four.port}/`));
    expect(await get(egress, `http://${host}:${four.port}/`)).toBe(answer);
  });

  test.each([
    ['127.0.0.2/31', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
    ['::1', '127.0.0.1'],
    ['::/0', '127.0.0.1'],
    ['127.0.0.0/8', '[::1]'],
    ['127.0.0.0/8', '[64:ff9b::127.0.0.1]'],
    ['127.0.0.0/8', '[2002:7f00:1::]'],
    ['127.0.0.0/8', '[::127.0.0.1]'],
    ['127.0.0.1', 'both.test'],
    ['::1', 'both.test'],
    ['*.good.test', 'good.test'],
    ['*.good.test', 'notgood.test'],
    ['good.test', 'a.b.good.test'],
    ['good.test', '127.0.0.1'],
    ['other.test', 'good.test'],
    // Ranges and wildcards do not reach metadata services.
    ['0.0.0.0/0', '169.254.169.254'],
    ['169.254.0.0/16', '[::ffff:a9fe:a9fe]'],
    ['fd00::/8', '[fd00:ec2::254]'],
    ['100.64.0.0/10', '100.100.100.200'],
    ['*.good.test', 'metadata.good.test'],
    ['metadata.good.test', 'metadata.good.test'],
  ])('%s does not allow %s', async (entry, host) => {
    await expect(get(newEgress([entry]), `http://${host}:${four.port}/`)).rejects.toThrow(EgressRefused);
  });

  test('several entries apply together', async () => {
    expect(await get(newEgress(['::1', '127.0.0.1']), `http://both.test:${four.port}/`)).toMatch(/^(four|six)$/);
  });

  test('a metadata service is allowed by its exact address or its name', () => {
    newEgress(['169.254.169.254']).check(new URL('http://169.254.169.254/'));
    newEgress(['169.254.169.254']).check(new URL('http://[::ffff:169.254.169.254]/'));
    newEgress(['metadata.google.internal']).check(new URL('http://metadata.google.internal/'));
  });

  test('localhost is allowed with the loopback addresses', () => {
    for (const entry of ['localhost', '127.0.0.1', '127.0.0.0/8', '::1']) {
      newEgress([entry]).check(new URL('http://localhost:3000/'));
    }
    newEgress(['*.localhost']).check(new URL('http://a.localhost/'));
    expect(() => newEgress(['*.localhost', '10.0.0.0/8']).check(new URL('http://localhost/'))).toThrow(EgressRefused);
  });

  test.each(['http://example.com/', 'https://8.8.8.8/', 'wss://[2606:4700::1111]/x', 'ws://[64:ff9b::8.8.8.8]:81/'])(
    '%s needs no entry',
    (url) => {
      newEgress([]).check(new URL(url));
    },
  );

  test('an unknown name is not reported as refused', async () => {
    await expect(get(newEgress([]), 'http://nowhere.test/')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('a resolver without a result fails', async () => {
    const egress = createEgress({ allow: [], own: () => [], resolve: async () => [] });
    await expect(get(egress, 'http://empty.test/')).rejects.toMatchObject({ code: 'ENODATA' });
  });
});

describe('the gateway itself', () => {
  const all = ['0.0.0.0/0', '::/0', 'localhost', '*.test', '127.0.0.1', '::1'];
  const refused = async (egress: Egress, host: string): Promise<void> => {
    const before = [four.connections(), six.connections()];
    await expect(get(egress, `http://${host}:${four.port}/`)).rejects.toThrow(/the gateway itself/);
    expect([four.connections(), six.connections()]).toEqual(before);
  };

  test.each(['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]', 'good.test', 'both.test'])(
    'listening on 127.0.0.1, is not reachable as %s',
    async (host) => {
      await refused(newEgress(all, [{ host: '127.0.0.1', port: four.port }]), host);
    },
  );

  test.each([
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2001::80ff:fffe]',
    '[::127.0.0.1]',
  ])('listening on 127.0.0.1, is not reachable through a tunnel as %s', async (host) => {
    await refused(newEgress(all, [{ host: '127.0.0.1', port: four.port }]), host);
  });

  test('listening on ::1, is not reachable there, but another address is', async () => {
    const egress = newEgress(all, [{ host: '::1', port: four.port }]);
    await refused(egress, '[::1]');
    expect(await get(egress, `http://127.0.0.1:${four.port}/`)).toBe('four');
  });

  test.each(['0.0.0.0', '::'])('listening on %s, is not reachable at any address of the machine', async (host) => {
    const egress = newEgress(all, [{ host, port: four.port }]);
    const machine = Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses
        .filter(({ scopeid }) => !scopeid)
        .map(({ address }) => (address.includes(':') ? `[${address}]` : address)),
    );
    expect(machine).toContain('127.0.0.1');
    for (const address of [...machine, '127.9.9.9', '[::1]', '0.0.0.0', 'both.test']) {
      await refused(egress, address);
    }
  });

  test('is not reachable under its public name, and recognised by its port', async () => {
    const own = [{ host: 'Good.test', port: four.port }];
    await refused(newEgress(all, own), 'good.test');
    expect(() => newEgress(all, own).check(new URL(`https://good.test.:${four.port}/`))).toThrow('the gateway itself');
    expect(await get(newEgress(all, own), `http://other.test:${four.port}/`)).toBe('four');
    expect(
      await get(newEgress(all, [{ host: '127.0.0.1', port: four.port + 1 }]), `http://127.0.0.1:${four.port}/`),
    ).toBe('four');
    expect(await get(newEgress(all, [{ host: 'good.test', port: 443 }]), `http://good.test:${four.port}/`)).toBe(
      'four',
    );
    expect(() => newEgress(all, [{ host: 'good.test', port: 443 }]).check(new URL('wss://good.test/'))).toThrow(
      'port 443 there is the gateway itself',
    );
  });

  test('gives its addresses at every connection', async () => {
    let own: readonly OwnEndpoint[] = [];
    const egress = createEgress({ allow: all, own: () => own, resolve: names.resolve });
    open.push(egress);
    expect(await get(egress, `http://good.test:${four.port}/`)).toBe('four');
    own = [{ host: '127.0.0.1', port: four.port }];
    await refused(egress, 'other.test');
  });
});

describe('other clients', () => {
  test('fetch obeys the policy', async () => {
    const { dispatcher } = newEgress(['good.test']);
    expect(await (await fetch(`http://good.test:${four.port}/`, { dispatcher })).text()).toBe('four');
    const refusal = fetch(`http://other.test:${four.port}/`, { dispatcher });
    await expect(refusal).rejects.toMatchObject({ cause: expect.any(EgressRefused) });
  });

  test('WebSocket obeys the policy', async () => {
    const { dispatcher } = newEgress(['good.test']);
    const before = four.connections();
    await once(new WebSocket(`ws://other.test:${four.port}/`, { dispatcher }), 'error');
    expect(four.connections()).toBe(before);
    // The server is not one for WebSockets, but it is asked.
    await once(new WebSocket(`ws://good.test:${four.port}/`, { dispatcher }), 'error');
    expect(four.connections()).toBe(before + 1);
  });
});

describe('TLS', () => {
  const serverNames: (string | false | undefined)[] = [];
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (incoming, response) => {
    serverNames.push((incoming.socket as TLSSocket & { servername?: string | false }).servername);
    response.end('secret');
  });
  const https = async (host: string, headers: Record<string, string> = {}): Promise<string> =>
    get(newEgress(['127.0.0.1']), `https://${host}:${(server.address() as AddressInfo).port}/`, headers);

  test('the certificate must match the name in the URL, whatever the address and the Host header are', async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await expect(https('good.test')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });

    const authorities = getCACertificates('default');
    setDefaultCACertificates([...authorities, CERTIFICATE]);
    expect(await https('good.test')).toBe('secret');
    expect(await https('good.test.')).toBe('secret');
    expect(await https('good.test', { host: 'other.test' })).toBe('secret');
    expect(serverNames).toEqual(['good.test', 'good.test', 'good.test']);
    const mismatch = { code: 'ERR_TLS_CERT_ALTNAME_INVALID' };
    await expect(https('other.test')).rejects.toMatchObject(mismatch);
    await expect(https('other.test', { host: 'good.test' })).rejects.toMatchObject(mismatch);
    await expect(https('127.0.0.1')).rejects.toMatchObject(mismatch);
    await expect(https('127.0.0.1', { host: 'good.test' })).rejects.toMatchObject(mismatch);
    expect(serverNames).toHaveLength(3);
    setDefaultCACertificates(authorities);
    server.closeAllConnections();
    server.close();
  });
});
