import { describe, expect, it, test } from 'vitest';
import type { AuthenticationMethod } from '../../src/contract/closed-words.ts';
import { documentOf, toolOf } from '../tools/support/documents.ts';
import { callerOf, gatewayHeaders, NOBODY, serviceAt, sharedEgress, textOf } from './support/calls.ts';
import { answering, answeringJson, startService } from './support/service.ts';

const service = await startService();
const call = callerOf(sharedEgress(), service.url);
const tool = toolOf('get', '/things', {});

const secured = (...schemes: object[]) =>
  serviceAt(service.url, documentOf({}, { components: { securitySchemes: { ...schemes } } }));
const as = (authenticationMethod: AuthenticationMethod, context: Record<string, unknown>) => ({
  account: { ...NOBODY, authenticationMethod, context },
});

describe('credentials are sent at the documented place', () => {
  test.each<[string, object[], AuthenticationMethod, object, string]>([
    ['nowhere', [], 'none', {}, '/things'],
    ['X-API-Key', [], 'api_key', { 'x-api-key': 'k-123' }, '/things'],
    ['another header', [{ type: 'apiKey', in: 'header', name: 'X-Acme' }], 'api_key', { 'x-acme': 'k-123' }, '/things'],
    [
      'Authorization',
      [{ type: 'apiKey', in: 'header', name: 'Authorization' }],
      'api_key',
      { authorization: 'k-123' },
      '/things',
    ],
    ['the query', [{ type: 'apiKey', in: 'query', name: 'api key' }], 'api_key', {}, '/things?api%20key=k-123'],
    ['a cookie', [{ type: 'apiKey', in: 'cookie', name: 'sid' }], 'api_key', { cookie: 'sid=k-123' }, '/things'],
    [
      'the first of two',
      [
        { type: 'http', scheme: 'bearer' },
        { type: 'apiKey', in: 'query', name: 'a' },
        { type: 'apiKey', in: 'query', name: 'b' },
      ],
      'api_key',
      {},
      '/things?a=k-123',
    ],
    ['Basic', [], 'basic', { authorization: `Basic ${Buffer.from('Jörg:pä:ss').toString('base64')}` }, '/things'],
    ['Bearer', [], 'bearer', { authorization: 'Bearer t-123' }, '/things'],
  ])('%s', async (_, schemes, method, headers, url) => {
    const context = { api_key: 'k-123', username: 'Jörg', password: 'pä:ss', token: 't-123' };
    const { result } = await call(tool, {}, { service: secured(...schemes), ...as(method, context) });
    expect(result.isError).toBeUndefined();
    expect(service.received[0]?.url).toBe(url);
    expect(service.received[0]?.headers).toEqual({ ...gatewayHeaders(service.host), ...headers });
  });

  test.each([
    ['query', 'a&b=c#d', '/things?key=a%26b%3Dc%23d', undefined],
    ['cookie', 'abc+/=', '/things', 'key=abc+/='],
    ['cookie', 'a; b="c"', '/things', 'key=a%3B%20b%3D%22c%22'],
  ])('a key with any characters in the %s: %s', async (place, key, url, cookie) => {
    const service_ = secured({ type: 'apiKey', in: place, name: 'key' });
    await call(tool, {}, { service: service_, ...as('api_key', { api_key: key }) });
    expect(service.received[0]).toMatchObject({ url, headers: { ...(cookie === undefined ? {} : { cookie }) } });
    expect(service.received[0]?.headers.cookie).toBe(cookie);
  });
});

describe('credentials that cannot be sent are refused, and not shown', () => {
  test.each<[AuthenticationMethod, Record<string, unknown>, string]>([
    ['api_key', { api_key: 'secret-1\r\nx: y' }, 'The credentials of the account cannot be written in a header'],
    ['bearer', { token: 'secret-1\n' }, 'The credentials of the account cannot be written in a header'],
    ['bearer', { token: 'secret-1€' }, 'The credentials of the account cannot be written in a header'],
    ['bearer', {}, 'The account has no token.'],
    ['basic', { username: 'secret-1' }, 'The account has no password.'],
  ])('%s %j', async (method, context, message) => {
    const { result, credentialsRefused } = await call(tool, {}, as(method, context));
    expect(textOf(result)).toContain(message);
    expect(textOf(result)).not.toContain('secret-1');
    expect(credentialsRefused).toBe(true);
    expect(service.received).toEqual([]);
  });

  test.each([
    ['header', 'Host'],
    ['header', 'Content-Length'],
  ])('a key in the %s %s', async (place, name) => {
    const rest = { service: secured({ type: 'apiKey', in: place, name }), ...as('api_key', { api_key: 'secret-1' }) };
    expect(textOf((await call(tool, {}, rest)).result)).toBe(
      `The document puts the API key into the ${place} "${name}", which is not possible.`,
    );
    expect(service.received).toEqual([]);
  });
});

test.each([
  [200, false],
  [400, false],
  [401, true],
  [403, false],
  [404, false],
  [500, false],
])('the status %i sets credentialsRefused to %j', async (status, refused) => {
  service.answer = answering(status, {});
  const { result, credentialsRefused } = await call(tool, {}, as('bearer', { token: 't' }));
  expect(credentialsRefused).toBe(refused);
  expect(result.isError).toBe(status === 200 ? undefined : true);
});

describe('a service that echoes credentials', () => {
  const SECRET = 'päss/w"ord+1=%';
  const echo = (status: number) => {
    service.answer = ({ url, headers }, response) => {
      const text = JSON.stringify({ url, headers, plain: SECRET, encoded: encodeURIComponent(SECRET) });
      answeringJson(text, status)({ method: '', url, headers, body: Buffer.alloc(0) }, response);
    };
  };
  const forms = [
    SECRET,
    encodeURIComponent(SECRET),
    JSON.stringify(SECRET).slice(1, -1),
    Buffer.from(SECRET).toString('base64'),
    Buffer.from(`me:${SECRET}`).toString('base64'),
  ];

  test.each(
    [200, 401, 500].flatMap((status): [number, AuthenticationMethod, object][] => [
      [status, 'basic', {}],
      [status, 'bearer', {}],
      [status, 'api_key', { type: 'apiKey', in: 'query', name: 'key' }],
      [status, 'api_key', { type: 'apiKey', in: 'cookie', name: 'key' }],
      [status, 'api_key', { type: 'apiKey', in: 'header', name: 'key' }],
    ]),
  )('%i %s %j: no secret is passed on', async (status, method, scheme) => {
    echo(status);
    const context = { username: 'me', password: SECRET, token: SECRET, api_key: SECRET };
    const shaped = { ...tool, outputSchema: { type: 'object' } };
    const { result } = await call(shaped, {}, { service: secured(scheme), ...as(method, context) });
    const all = JSON.stringify(result);
    for (const form of forms) {
      expect(all).not.toContain(form);
      expect(all).not.toContain(JSON.stringify(form).slice(1, -1));
    }
    expect(all).toContain('[credential]');
    expect(result.structuredContent === undefined).toBe(status !== 200);
  });

  it('is not masked where data equals a short or numeric secret', async () => {
    service.answer = answeringJson('{"a":"abc","b":1234567890}');
    for (const key of ['abc', '1234567890']) {
      const { result } = await call(tool, {}, as('api_key', { api_key: key }));
      expect(textOf(result)).toBe('{"a":"abc","b":1234567890}');
    }
  });
});
