import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { createEgress, type Egress } from '../../src/egress/egress.ts';
import type { DerivedTool } from '../../src/tools/types.ts';
import { derived, documentOf, jsonBody, toolOf } from '../tools/support/documents.ts';
import { callerOf, NOBODY, serviceAt, sharedEgress, textOf } from './support/calls.ts';
import { answering, startService } from './support/service.ts';

const service = await startService();
const other = await startService();
const egress = sharedEgress();
const call = callerOf(egress, service.url);
const tool = toolOf('get', '/things', {});
const TOKEN = 'the-secret-token';
const account = { ...NOBODY, authenticationMethod: 'bearer', context: { token: TOKEN } } as const;

const LIMIT = 10_000_000;

describe('an answer of more than 10 MB', () => {
  const tooLarge = `${service.host} answered more than 10000000 bytes; the call was carried out, its answer is not read.`;
  // Text that no coding makes much smaller.
  const noise = Buffer.from(
    randomBytes(LIMIT)
      .toString('base64')
      .slice(0, LIMIT + 1),
  );

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['identity', (bytes) => bytes],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ])('as %s is refused; one of 10 MB is accepted', async (coding, encode) => {
    const headers = { 'content-type': 'text/plain', 'content-encoding': coding };
    service.answer = answering(200, headers, encode(noise));
    expect((await call(tool, {})).result).toEqual({ content: [{ type: 'text', text: tooLarge }], isError: true });
    service.answer = answering(200, headers, encode(noise.subarray(1)));
    expect(textOf((await call(tool, {})).result)).toHaveLength(LIMIT);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('that unpacks to more than 100 times its size is refused: %s', async (coding, encode) => {
    const headers = { 'content-type': 'text/plain', 'content-encoding': coding };
    service.answer = answering(200, headers, encode(Buffer.alloc(LIMIT / 2)));
    expect(textOf((await call(tool, {})).result)).toBe(
      `${service.host} answered what unpacks to more than 100 times its size; the call was carried out, its answer is not read.`,
    );
    service.answer = answering(200, headers, encode(Buffer.alloc(256 * 1024)));
    expect(textOf((await call(tool, {})).result)).toHaveLength(256 * 1024);
  });

  it('without end is disconnected', async () => {
    const hungUp = Promise.withResolvers<void>();
    service.answer = (_, response) => {
      response.on('close', hungUp.resolve).writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write(noise.subarray(0, 65_536))) {}
      };
      response.on('drain', more);
      more();
    };
    expect(textOf((await call(tool, {})).result)).toBe(tooLarge);
    await hungUp.promise;
  });
});

describe('cancelled', () => {
  /** Says when a request is there, and when its client has gone. */
  function observed(start: boolean) {
    const here = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    service.answer = (_, response) => {
      response.on('close', gone.resolve);
      if (start) {
        response.writeHead(200).write('{');
      }
      here.resolve();
    };
    return { here: here.promise, gone: gone.promise };
  }

  test.each([
    ['before the answer', false],
    ['inside the answer', true],
  ])('%s: the service notices the cancellation', async (_, start) => {
    const { here, gone } = observed(start);
    const controller = new AbortController();
    const outcome = call(tool, {}, { signal: controller.signal });
    await here;
    controller.abort(new Error('cancelled by the client'));
    await expect(outcome).rejects.toThrow('cancelled by the client');
    await gone;
    expect(service.received).toHaveLength(1);
  });

  it('beforehand: the gateway sends nothing', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(call(tool, {}, { signal })).rejects.toThrow('too late');
    expect(service.received).toEqual([]);
  });

  test.each([
    ['nothing', false],
    ['half an answer', true],
  ])('by the time-out, with %s: the service notices the cancellation', async (_, start) => {
    const { gone } = observed(start);
    const { result } = await call(tool, {}, { timeoutMs: 500, account });
    expect(textOf(result)).toBe(`${service.host} did not answer within 500 ms; the call may have been carried out.`);
    expect(result.isError).toBe(true);
    await gone;
  });
});

describe('a connection that breaks', () => {
  /** Does something to each connection that has sent a request. */
  async function breaking(then: (write: (text: string) => void, hangUp: () => void) => void) {
    let requests = 0;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        requests += 1;
        then(
          (text) => socket.write(text),
          () => socket.destroy(),
        );
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { host, requests: () => requests, close: () => server.close() };
  }

  it('does not make the gateway send the request again', async () => {
    const create = toolOf('post', '/things', jsonBody({ type: 'object', properties: { a: {} } }));
    for (const [one, args] of [
      [tool, {}],
      [create, { a: 1 }],
    ] as const) {
      const server = await breaking((_, hangUp) => hangUp());
      const { result } = await callerOf(egress, `http://${server.host}`)(one, args, { account });
      expect(textOf(result)).toMatch(/ broke off before it answered \(\w+\); the call may have been carried out\.$/);
      expect(textOf(result)).toContain(server.host);
      expect(textOf(result)).not.toContain(TOKEN);
      expect(server.requests()).toBe(1);
      server.close();
    }
  });

  it('in the middle of an answer is reported', async () => {
    const server = await breaking((write, hangUp) => {
      write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      setImmediate(hangUp);
    });
    const { result } = await callerOf(egress, `http://${server.host}`)(tool, {});
    expect(textOf(result)).toMatch(/ broke off (its answer|before it answered) \(\w+\)/);
    expect(server.requests()).toBe(1);
    server.close();
  });

  it('an answer that is not HTTP is reported', async () => {
    const server = await breaking((write) => write('220 smtp.test ESMTP\r\n'));
    const { result } = await callerOf(egress, `http://${server.host}`)(tool, {});
    expect(textOf(result)).toContain(`${server.host} broke off before it answered (HTTPParserError)`);
    server.close();
  });

  it('a service that cannot be reached is reported', async () => {
    const server = await breaking(() => undefined);
    server.close();
    const { result } = await callerOf(egress, `http://${server.host}`)(tool, {}, { account });
    expect(result).toEqual({
      content: [{ type: 'text', text: `${server.host} cannot be reached (ECONNREFUSED).` }],
      isError: true,
    });
  });

  /** A way out whose names are unknown some times, and then the service. */
  function forgetful(times: number): { egress: Egress; lookups: () => number } {
    let lookups = 0;
    const resolve = async () => {
      lookups += 1;
      if (lookups <= times) {
        throw Object.assign(new Error('try again'), { code: 'EAI_AGAIN' });
      }
      return [{ address: '127.0.0.1', family: 4 }];
    };
    return { egress: createEgress({ allow: ['127.0.0.1'], own: () => [], resolve }), lookups: () => lookups };
  }

  test.each([
    [1, 'answered 204 No Content without content.', 1],
    [2, 'cannot be reached (EAI_AGAIN).', 0],
  ])('%i failed connections: the gateway tries twice', async (times, said, requests) => {
    const way = forgetful(times);
    const host = `service.test:${new URL(service.url).port}`;
    const { result } = await callerOf(way.egress, `http://${host}`)(tool, {});
    expect(textOf(result)).toBe(`${host} ${said}`);
    expect(way.lookups()).toBe(2);
    expect(service.received).toHaveLength(requests);
    await way.egress.dispatcher.close();
  });
});

describe('redirects', () => {
  test.each([[301], [302], [303], [307], [308]])('%i that no document lists is not followed', async (status) => {
    service.answer = answering(status, { location: `${other.url}/?${TOKEN}` });
    const { result, credentialsRefused } = await call(tool, {}, { account });
    expect(JSON.parse(textOf(result))).toMatchObject({
      statusCode: status,
      message: expect.stringContaining(`a redirect that the document does not list, to ${other.url}/?[credential]`),
    });
    expect(textOf(result)).not.toContain(TOKEN);
    expect(credentialsRefused).toBe(false);
    expect(other.received).toEqual([]);
  });
});

describe('refused destinations', () => {
  test.each([
    ['http://169.254.169.254/latest', 'Connections to 169.254.169.254 are refused: its address is cloud metadata.'],
    ['http://[::1]:1/', 'Connections to [::1] are refused: its address is loopback.'],
    ['http://2130706434/', 'Connections to 127.0.0.2 are refused: its address is loopback.'],
    ['http://user:hush-hush@127.0.0.1/', 'The URL of 127.0.0.1 is refused: it must not contain credentials.'],
    ['ftp://127.0.0.1/', 'URLs with the scheme ftp: are refused'],
    ['wss://127.0.0.1/', 'Tools are called over http and https only, not wss:'],
  ])('%s', async (url, message) => {
    const { result, credentialsRefused } = await callerOf(egress, url)(tool, {}, { account });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain(message);
    expect(textOf(result)).not.toMatch(/hush-hush|the-secret-token/);
    expect(credentialsRefused).toBe(false);
  });

  it('a name with a refused address', async () => {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const closed = createEgress({ allow: [], own: () => [], resolve });
    const { result } = await callerOf(closed, `http://service.test:${new URL(service.url).port}`)(tool, {});
    expect(textOf(result)).toContain('Connections to service.test are refused: its address is loopback.');
    expect(service.received).toEqual([]);
    await closed.dispatcher.close();
  });
});

describe('the server of a tool', () => {
  const port = new URL(service.url).port;
  const at = (server: string) => toolOf('get', '/things', { servers: [{ url: server }] });

  test.each<[string, string | null, string | null, string, Record<string, string>, string]>([
    ['the base URL', '/v1', null, '', {}, '/v1/things'],
    ['filled in', '/{tenant}/v1', null, '', { tenant: 'acme' }, '/acme/v1/things'],
    ['its own, absolute', null, null, `${service.url}/own`, {}, '/own/things'],
    ['its own, with variables', null, null, 'http://127.0.0.1:{port}/{x}', { port, x: 'y' }, '/y/things'],
    ['its own, from the document', null, `${service.url}/docs/openapi.json`, '../v3', {}, '/v3/things'],
    ['its own path, from the base URL', '/v1/', null, '/v2', {}, '/v2/things'],
    [
      'its own path, from the base URL first',
      '/v1/',
      'http://unused.test/docs/openapi.json',
      'v2',
      {},
      '/v1/v2/things',
    ],
    ['the base URL in place of its own', '/v1', null, 'http://unused.test/own', {}, '/v1/things'],
    ['the base URL in place of a host without a scheme', '/v1', null, '//unused.test/own', {}, '/v1/things'],
    ['the base URL in place of variables that nobody gave', '/v1', null, 'https://{a}.test/{b}', {}, '/v1/things'],
    ['the base URL in place of a variable scheme', '/v1', null, '{scheme}://unused.test', {}, '/v1/things'],
    ['the base URL in place of a variable for everything', '/v1', null, '{url}/own', { url: 'x:' }, '/v1/things'],
    ['the base URL in place of another scheme', '/v1', null, 'ftp://unused.test/', {}, '/v1/things'],
  ])('%s', async (_, base, documentUrl, own, variables, expected) => {
    const baseUrl = base?.startsWith('/') ? `${service.url}${base}` : base;
    const { result } = await call(
      own === '' ? tool : at(own),
      {},
      {
        service: serviceAt(baseUrl, documentOf({}), documentUrl),
        account: { ...NOBODY, context: { variables } },
      },
    );
    expect(result.isError, JSON.stringify(result)).toBeUndefined();
    expect(service.received.map(({ url }) => url)).toEqual([expected]);
  });

  it('is the base URL for every operation, wherever its own servers stand', async () => {
    const elsewhere = { servers: [{ url: 'http://unused.test/elsewhere' }] };
    const get = { summary: 'x' };
    const document = documentOf(
      { '/a': { ...elsewhere, get }, '/b/{id}': { get: { ...get, ...elsewhere } }, '/c': { get } },
      elsewhere,
    );
    const at = serviceAt(`${service.url}/staging`, document);
    for (const one of derived(document).tools) {
      await call(one, one.request.path === '/b/{id}' ? { id: '1' } : {}, { service: at });
    }
    expect(service.received.map(({ url }) => url)).toEqual(['/staging/a', '/staging/b/1', '/staging/c']);
  });

  it.each([
    '\\\\unused.test/elsewhere',
    '/\t/unused.test/elsewhere',
    '\u0001//unused.test/elsewhere',
    'https:unused.test/elsewhere',
    '/{host}',
  ])('is the base URL where a server names a host as the URL parser reads it: %j', async (url) => {
    const own = { servers: [{ url, variables: { host: { default: '/unused.test/elsewhere' } } }] };
    const document = documentOf({ '/a': { get: { summary: 'x', ...own } } });
    const [one] = derived(document).tools as [DerivedTool];
    const { result } = await call(one, {}, { service: serviceAt(service.url, document) });
    expect(result.isError, JSON.stringify(result)).toBeUndefined();
    expect(service.received.map((request) => request.url)).toEqual(['/a']);
  });

  it('uses the defaults of its variables', async () => {
    const servers = [{ url: `${service.url}/{version}`, variables: { version: { default: 'v9' } } }];
    await call(tool, {}, { service: serviceAt(null, documentOf({}, { servers })) });
    expect(service.received[0]?.url).toBe('/v9/things');
  });

  test.each<[string | null, string, string]>([
    [null, '', 'The URL of the service is unknown: set a base_url for the integration.'],
    [null, '/v2', 'The server URL of the tool is invalid: set a base_url for the integration.'],
    ['http://{toString}.test', '', 'The server URL of the tool needs the variable "toString" of the account.'],
    [null, 'http://{b}', 'The server URL of the tool needs the variable "b" of the account.'],
  ])('%s with %j is incomplete', async (base, own, message) => {
    const { result } = await call(own === '' ? tool : at(own), {}, { service: serviceAt(base) });
    expect(result).toEqual({ content: [{ type: 'text', text: message }], isError: true });
  });
});
