import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createEgress, FetchFailed, type FetchLimits } from '../../src/egress/egress.ts';
import { CERTIFICATE, KEY } from './support/certificate.ts';
import { startHttp } from './support/listeners.ts';

const DOCUMENT = '{"openapi":"3.1.0"}';
const LIMITS = { maxBytes: 100_000, timeoutMs: 20_000 };
/** For deadlines that must pass, but not before the request has arrived. */
const SOON = { ...LIMITS, timeoutMs: 1000 };

const routes: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {};
const requests: IncomingMessage[] = [];
const answer = (request: IncomingMessage, response: ServerResponse): void => {
  requests.push(request);
  routes[request.url ?? '']?.(response, request);
};
const one = await startHttp('127.0.0.1', answer);
const other = await startHttp('::1', answer);
const egress = createEgress({ allow: ['127.0.0.1', '::1'], own: () => [] });
const get = (path: string, limits: FetchLimits = LIMITS) => egress.fetchDocument(new URL(path, one.url), limits);
const failure = async (path: string, limits: FetchLimits = LIMITS): Promise<string> => {
  const error = await get(path, limits).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FetchFailed);
  return (error as Error).message;
};

beforeEach(() => {
  requests.length = 0;
});
afterAll(async () => {
  await egress.dispatcher.destroy();
  await Promise.all([one.close(), other.close()]);
});

describe('a fetched document', () => {
  test('has bytes, media type and final URL', async () => {
    routes['/plain?version=3'] = (response) =>
      response.writeHead(200, { 'content-type': 'Application/JSON ; charset=utf-8' }).end(DOCUMENT);
    const { bytes, mediaType, url } = await get('/plain?version=3#part');
    expect(bytes.toString()).toBe(DOCUMENT);
    expect(mediaType).toBe('application/json');
    expect(url.href).toBe(`${one.url}/plain?version=3#part`);
    expect(requests.map((request) => [request.method, request.url])).toEqual([['GET', '/plain?version=3']]);
  });

  test('may have no media type, an empty body, or another 2xx', async () => {
    routes['/empty'] = (response) => response.writeHead(204).end();
    expect(await get('/empty')).toMatchObject({ bytes: Buffer.alloc(0), mediaType: null });
  });

  test.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', Buffer.from],
  ])('Content-Encoding: %s', async (coding, encode: (text: string) => Buffer) => {
    routes['/coded'] = (response) => response.writeHead(200, { 'content-encoding': coding }).end(encode(DOCUMENT));
    expect((await get('/coded')).bytes.toString()).toBe(DOCUMENT);
  });
});

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('with %i are followed, relative and to another origin', async (status) => {
    routes['/from'] = (response) => response.writeHead(status, { location: 'sub/next?x=1' }).end('moved');
    routes['/sub/next?x=1'] = (response) => response.writeHead(status, { location: `${other.url}/there` }).end('moved');
    routes['/there'] = (response) => response.end(DOCUMENT);
    const { bytes, url } = await get('/from');
    expect(bytes.toString()).toBe(DOCUMENT);
    expect(url.href).toBe(`${other.url}/there`);
  });

  test('carry no headers from one origin to another', async () => {
    routes['/sets?token=hush'] = (response) =>
      response
        .writeHead(302, { location: `${other.url}/gets`, 'set-cookie': 'session=hush', 'www-authenticate': 'Basic' })
        .end();
    routes['/gets'] = (response) => response.end(DOCUMENT);
    await get('/sets?token=hush');
    expect(requests.at(-1)?.headers).toEqual({
      host: new URL(other.url).host,
      connection: 'keep-alive',
      accept: 'application/json, application/yaml, text/yaml, */*;q=0.5',
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': 'gatehouse',
    });
  });

  test('are followed five times, and loops end', async () => {
    for (let left = 1; left <= 6; left += 1) {
      routes[`/hops/${left}`] = (response) => response.writeHead(302, { location: `/hops/${left - 1}` }).end();
    }
    routes['/hops/0'] = (response) => response.end(DOCUMENT);
    expect((await get('/hops/5')).bytes.toString()).toBe(DOCUMENT);
    expect(await failure('/hops/6')).toBe(`${one.url}/hops/6 redirects more than 5 times.`);
    routes['/loop'] = (response) => response.writeHead(302, { location: '/loop' }).end();
    requests.length = 0;
    expect(await failure('/loop')).toBe(`${one.url}/loop redirects more than 5 times.`);
    expect(requests).toHaveLength(6);
  });

  test.each([
    ['no Location', {}],
    ['a Location that is no URL', { location: 'http://[' }],
  ])('with %s', async (_what, headers) => {
    routes['/nowhere'] = (response) => response.writeHead(302, headers).end();
    expect(await failure('/nowhere')).toBe(`${one.url}/nowhere answered 302 without a Location that is a URL.`);
  });

  test('with an endless body are followed at once, and disconnected', async () => {
    const closed = Promise.withResolvers<void>();
    routes['/endless-redirect'] = (response) => {
      response.once('close', closed.resolve).writeHead(302, { location: '/end' }).write('x');
    };
    routes['/end'] = (response) => response.end(DOCUMENT);
    expect((await get('/endless-redirect')).bytes.toString()).toBe(DOCUMENT);
    await closed.promise;
  });

  test('from https to http are not followed', async () => {
    const secure = createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
      response.writeHead(302, { location: request.url === '/up' ? '/down' : `${one.url}/end` }).end();
    });
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const authorities = getCACertificates('default');
    setDefaultCACertificates([...authorities, CERTIFICATE]);
    const origin = `https://good.test:${(secure.address() as AddressInfo).port}`;
    const named = createEgress({
      allow: ['127.0.0.1'],
      own: () => [],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    await expect(named.fetchDocument(new URL('/up', origin), LIMITS)).rejects.toThrow(
      new FetchFailed(`${origin}/down redirects from https to http.`),
    );
    expect(requests).toEqual([]);
    setDefaultCACertificates(authorities);
    await named.dispatcher.destroy();
    secure.closeAllConnections();
    secure.close();
  });
});

describe('a document that is too large', () => {
  const exactly = (bytes: number) => Buffer.alloc(bytes, 'x');
  /** Writes for as long as somebody reads. */
  const pour = async (response: ServerResponse, chunk: Buffer): Promise<void> => {
    while (!response.destroyed) {
      await (response.write(chunk) ? setImmediate() : Promise.race([once(response, 'drain'), once(response, 'close')]));
    }
  };

  test('is refused beyond the exact limit, with and without Content-Length', async () => {
    routes['/100'] = (response) => response.end(exactly(100));
    routes['/101'] = (response) => response.end(exactly(101));
    routes['/chunks'] = (response) => {
      response.write(exactly(60));
      response.end(exactly(41));
    };
    expect((await get('/100', { ...LIMITS, maxBytes: 100 })).bytes).toHaveLength(100);
    for (const path of ['/101', '/chunks']) {
      expect(await failure(path, { ...LIMITS, maxBytes: 100 })).toBe(`${one.url}${path} is larger than 100 bytes.`);
    }
  });

  test.each([
    ['gzip', gzipSync(exactly(50_000_000))],
    ['deflate', deflateSync(exactly(50_000_000))],
    ['br', brotliCompressSync(exactly(50_000_000))],
  ])('is refused as a bomb of %s', async (coding, bomb) => {
    expect(bomb.length).toBeLessThan(LIMITS.maxBytes);
    routes['/bomb'] = (response) => response.writeHead(200, { 'content-encoding': coding }).end(bomb);
    expect(await failure('/bomb')).toBe(`${one.url}/bomb is larger than 100000 bytes.`);
  });

  test.each([
    ['that is sent as it is', 'identity', Buffer.alloc(0), exactly(1000)],
    // The head of gzip, then blocks of nothing (RFC 1951, section 3.2.4) for ever.
    ['that becomes nothing', 'gzip', gzipSync('').subarray(0, 10), Buffer.from('000000ffff'.repeat(1000), 'hex')],
  ])('is disconnected if it has an endless body %s', async (_what, coding, head, chunk) => {
    const closed = Promise.withResolvers<void>();
    routes['/endless'] = (response) => {
      response.writeHead(200, { 'content-encoding': coding }).write(head);
      response.once('close', closed.resolve);
      void pour(response, chunk);
    };
    expect(await failure('/endless')).toBe(`${one.url}/endless is larger than 100000 bytes.`);
    await closed.promise;
  });
});

describe('a document that is too late', () => {
  test.each([
    ['no answer', () => undefined],
    ['half an answer', (response: ServerResponse) => response.write('{')],
    ['half of gzip', (response: ServerResponse) => response.setHeader('content-encoding', 'gzip').write('\x1f')],
  ])('%s', async (_what, route) => {
    const closed = Promise.withResolvers<void>();
    routes['/slow?token=hush'] = (response) => {
      response.once('close', closed.resolve);
      route(response);
    };
    const { signal } = new AbortController();
    expect(await failure('/slow?token=hush', { ...SOON, signal })).toBe(
      `${one.url}/slow did not arrive within 1000 ms.`,
    );
    await closed.promise;
  });

  test('has one deadline for all redirects together', async () => {
    routes['/first'] = (response) => response.writeHead(302, { location: '/second' }).end();
    routes['/second'] = () => undefined;
    expect(await failure('/first', SOON)).toBe(`${one.url}/second did not arrive within 1000 ms.`);
  });

  test('ends with the signal of the caller', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    routes['/wanted'] = () => controller.abort(reason);
    const { signal } = controller;
    await expect(get('/wanted', { ...LIMITS, signal })).rejects.toBe(reason);
    requests.length = 0;
    await expect(get('/wanted', { ...LIMITS, signal })).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });
});

describe('a failed fetch', () => {
  test.each([300, 304, 400, 401, 404, 500, 503])('reports the status %i', async (status) => {
    routes['/status?token=hush'] = (response) => response.writeHead(status).end();
    expect(await failure('/status?token=hush')).toBe(`${one.url}/status answered ${status}.`);
  });

  test('disconnects an error with an endless body', async () => {
    const closed = Promise.withResolvers<void>();
    routes['/error'] = (response) => {
      response.once('close', closed.resolve).writeHead(500).write('x');
    };
    expect(await failure('/error')).toBe(`${one.url}/error answered 500.`);
    await closed.promise;
  });

  test.each(['compress', 'gzip, gzip', 'constructor'])('Content-Encoding: %s', async (coding) => {
    routes['/coded'] = (response) => response.writeHead(200, { 'content-encoding': coding }).end('x');
    expect(await failure('/coded')).toBe(
      `${one.url}/coded came with a Content-Encoding other than gzip, deflate, br and zstd.`,
    );
  });

  test.each([
    ['not what it says', Buffer.from('plain text'), 'Z_DATA_ERROR'],
    ['cut off', gzipSync(DOCUMENT).subarray(0, 15), 'Z_BUF_ERROR'],
  ])('reports compressed data that %s', async (_what, body, code) => {
    routes['/broken'] = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    expect(await failure('/broken')).toBe(`${one.url}/broken cannot be fetched (${code}).`);
  });

  test('reports a broken connection', async () => {
    routes['/torn'] = (response) => {
      response.writeHead(200, { 'content-length': 100 }).write('x', () => response.destroy());
    };
    expect(await failure('/torn')).toMatch(/\/torn cannot be fetched \([A-Z_]+\)\.$/);
  });

  test('reports a closed port, and an unknown name', async () => {
    const gone = await startHttp('127.0.0.1', answer);
    await gone.close();
    expect(await failure(`${gone.url}/x?token=hush`)).toBe(`${gone.url}/x cannot be fetched (ECONNREFUSED).`);
    const unknown = createEgress({
      allow: [],
      own: () => [],
      resolve: async () => {
        throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      },
    });
    await expect(unknown.fetchDocument(new URL('http://nobody.test/x'), LIMITS)).rejects.toThrow(
      new FetchFailed('http://nobody.test/x cannot be fetched (ENOTFOUND).'),
    );
  });
});
