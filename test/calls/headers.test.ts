import { describe, expect, it, test } from 'vitest';
import type { CalledAccount } from '../../src/calls/authorise.ts';
import { documentOf, toolOf } from '../tools/support/documents.ts';
import { callerOf, gatewayHeaders, NOBODY, serviceAt, sharedEgress, textOf } from './support/calls.ts';
import { startService } from './support/service.ts';

const service = await startService();
const call = callerOf(sharedEgress(), service.url);

const taking = (place: string, name: string, rest: object = {}) =>
  toolOf('get', '/things', { parameters: [{ in: place, name, schema: {}, ...rest }] });

describe('values that a header cannot carry are refused', () => {
  test.each<[string, unknown]>([
    ['a line end', 'a\r\nx-admin: true'],
    ['half a line end', 'a\nx-admin: true'],
    ['the other half', 'a\rb'],
    ['NUL', 'a\0b'],
    ['a control character', 'a\x1fb'],
    ['beyond Latin-1', 'a€b'],
    ['in a list', ['a', 'b\nc']],
    ['in a name', { 'a\nb': 'c' }],
  ])('%s', async (_, value) => {
    const { result } = await call(taking('header', 'X-Trace', { explode: true }), { 'X-Trace': value });
    expect(textOf(result)).toBe(
      'The argument "X-Trace" cannot be written in a header: it must be one line of Latin-1.',
    );
    expect(service.received).toEqual([]);
  });

  it('an invalid header name is refused', async () => {
    const { result } = await call(taking('header', 'X Trace\n'), { X_Trace_: 'a' });
    expect(result.isError).toBe(true);
    expect(service.received).toEqual([]);
  });
});

describe('headers of the gateway cannot be arguments', () => {
  test.each([
    ['Host', 'evil.test'],
    ['content-length', '100'],
    ['Transfer-Encoding', 'chunked'],
    ['Connection', 'upgrade'],
    ['Upgrade', 'websocket'],
    ['Expect', '100-continue'],
    ['Cookie', 'admin=true'],
    ['Accept-Encoding', 'zstd'],
    ['Proxy-Authorization', 'Basic x'],
  ])('%s', async (name, value) => {
    const { result } = await call(taking('header', name), { [name]: value });
    expect(result.isError).toBeUndefined();
    expect(service.received[0]?.headers).toEqual(gatewayHeaders(service.host));
  });

  it('other headers can be arguments', async () => {
    await call(taking('header', 'User-Agent'), { 'User-Agent': 'me' });
    expect(service.received[0]?.headers['user-agent']).toBe('me');
  });
});

describe('an argument never replaces the credential', () => {
  const KEY = 'the-key-of-the-account';
  const account: CalledAccount = { ...NOBODY, authenticationMethod: 'api_key', context: { api_key: KEY } };
  const secured = (place: string, name: string) =>
    serviceAt(
      service.url,
      documentOf({}, { components: { securitySchemes: { key: { type: 'apiKey', in: place, name } } } }),
    );

  test.each<[string, string, string, unknown, object]>([
    ['header', 'X-Key', 'x-key', 'mine', {}],
    ['header', 'X-KEY', 'X-Key', 'mine', {}],
    ['query', 'key', 'key', 'mine', {}],
    ['query', 'key', 'KEY', 'mine', {}],
    ['query', 'key', 'key', ['mine', 'yours'], {}],
    ['query', 'key', 'filter', { key: 'mine' }, {}],
    ['query', 'key', 'filter', { 'key[]': 'mine' }, {}],
    ['query', 'key', 'key', { a: 'mine' }, { style: 'deepObject', explode: true }],
    ['cookie', 'key', 'key', 'mine', {}],
    ['cookie', 'key', 'filter', { key: 'mine' }, {}],
  ])('in the %s %s: %s = %j', async (place, secret, name, value, rest) => {
    await call(taking(place, name, rest), { [name]: value }, { account, service: secured(place, secret) });
    const [received] = service.received;
    const all = JSON.stringify(received);
    expect(all).not.toContain('mine');
    expect(all.split(KEY)).toHaveLength(2);
  });

  it('an argument never replaces a bearer token', async () => {
    const tool = {
      ...taking('header', 'X-Other'),
      request: {
        path: '/things',
        parameters: [
          { argument: 'a', name: 'AUTHORIZATION', in: 'header', style: 'simple', explode: false, allowReserved: false },
        ],
      },
    } as const;
    const bearer = { ...NOBODY, authenticationMethod: 'bearer', context: { token: 'the-token' } } as const;
    await call(tool, { a: 'Bearer mine' }, { account: bearer });
    expect(service.received[0]?.headers.authorization).toBe('Bearer the-token');
  });

  it('the credential is sent beside other arguments of its place', async () => {
    await call(taking('cookie', 'theme'), { theme: 'dark' }, { account, service: secured('cookie', 'key') });
    expect(service.received[0]?.headers.cookie).toBe(`theme=dark; key=${KEY}`);
    await call(taking('query', 'page'), { page: 2 }, { account, service: secured('query', 'key') });
    expect(service.received[1]?.url).toBe(`/things?page=2&key=${KEY}`);
  });
});
