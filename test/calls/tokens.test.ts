import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { MemoryBudget } from '../../src/base/memory-budget.ts';
import type { CalledAccount } from '../../src/calls/authorise.ts';
import { createEgress, type Egress } from '../../src/egress/egress.ts';
import { documentOf, toolOf } from '../tools/support/documents.ts';
import { type Caller, callerOf, NOBODY, openEgress, serviceAt, textOf } from './support/calls.ts';
import { answering, answeringJson, startService } from './support/service.ts';

const service = await startService();
const issuer = await startService();
const tool = toolOf('get', '/things', {});
const ID = 'client id:ü';
const SECRET = 'client+secret/%';

let time: number;
let issued: number;
let egress: Egress;
let call: Caller;

/** Gives `token-1`, `token-2` and so on. */
const issuing =
  (extra: object = {}) =>
  (...[request, response]: Parameters<ReturnType<typeof answering>>) => {
    issued += 1;
    const token = { access_token: `access-token-${issued}`, token_type: 'Bearer', ...extra };
    return answeringJson(JSON.stringify(token))(request, response);
  };

beforeEach(() => {
  time = Date.UTC(2026, 0, 1);
  issued = 0;
  issuer.answer = issuing({ expires_in: 3600 });
  egress = openEgress();
  call = callerOf(egress, service.url, () => time);
});
afterEach(() => egress.dispatcher.close());

const account = (context: object = {}, rest: Partial<CalledAccount> = {}): CalledAccount => ({
  ...NOBODY,
  authenticationMethod: 'oauth2_client_credentials',
  context: { client_id: ID, client_secret: SECRET, token_url: `${issuer.url}/token`, ...context },
  ...rest,
});
const bearers = () => service.received.map(({ headers }) => headers.authorization);
const form = (index: number) => Object.fromEntries(new URLSearchParams(issuer.received[index]?.body.toString()));
const basic = Buffer.from('client+id%3A%C3%BC:client%2Bsecret%2F%25').toString('base64');

describe('a request for a token', () => {
  it('follows RFC 6749, and its token is used', async () => {
    await call(tool, {}, { account: account({ scope: 'read write' }) });
    expect(issuer.received[0]).toMatchObject({
      method: 'POST',
      url: '/token',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form(0)).toEqual({ grant_type: 'client_credentials', scope: 'read write' });
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });

  test.each<[string, string, string | null]>([
    ['an absolute URL', '', null],
    ['a relative one', '', 'document'],
  ])('goes to the documented URL: %s', async (_, __, from) => {
    const tokenUrl = from === null ? `${issuer.url}/oauth` : '/oauth';
    const flows = { clientCredentials: { tokenUrl, scopes: { all: 'All of it' } } };
    const document = documentOf({}, { components: { securitySchemes: { a: { type: 'oauth2', flows } } } });
    const documentUrl = from === null ? null : `${issuer.url}/docs/openapi.json`;
    const rest = { service: serviceAt(service.url, document, documentUrl), account: account({ token_url: undefined }) };
    await call(tool, {}, rest);
    expect(issuer.received[0]?.url).toBe('/oauth');
    expect(form(0)).toEqual({ grant_type: 'client_credentials' });
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });

  test.each<[string, string | null]>([
    ['the base URL of the integration', '{at}'],
    ['the server of the document', null],
  ])('goes to a relative URL from %s', async (_, base) => {
    const flows = { clientCredentials: { tokenUrl: '/oauth', scopes: {} } };
    const components = { securitySchemes: { a: { type: 'oauth2', flows } } };
    const document = documentOf({}, { components, servers: [{ url: issuer.url }] });
    const at = serviceAt(base === null ? null : `${issuer.url}/${base}`, document);
    await call(tool, {}, { service: at, account: account({ token_url: undefined, variables: { at: 'v1' } }) });
    expect(issuer.received[0]?.url).toBe('/oauth');
  });

  test.each<[number, string]>([
    [401, '{"error":"invalid_client"}'],
    [401, ''],
    [400, '{"error":"invalid_client"}'],
    [400, '{"error":"invalid_request"}'],
    [400, '{"error":"unauthorized_client"}'],
    [400, '{"status":400,"message":"missing client id"}'],
    [403, 'no'],
  ])('sends the client in the body after the header got %i %s', async (status, text) => {
    issuer.answer = (request, response) =>
      (request.headers.authorization === undefined ? issuing() : answeringJson(text, status))(request, response);
    await call(tool, {}, { account: account() });
    expect(form(1)).toEqual({ grant_type: 'client_credentials', client_id: ID, client_secret: SECRET });
    expect(issuer.received[1]?.headers.authorization).toBeUndefined();
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });
});

describe('a request for a token', () => {
  test.each<['basic' | 'body', number]>([
    ['basic', 401],
    ['basic', 400],
    ['body', 401],
  ])('sends the client as client_auth says, %s, and not again after %i', async (client_auth, status) => {
    issuer.answer = answeringJson('{"error":"invalid_client"}', status);
    await call(tool, {}, { account: account({ client_auth }) });
    expect(issuer.received).toHaveLength(1);
    expect(issuer.received[0]?.headers.authorization).toBe(client_auth === 'basic' ? `Basic ${basic}` : undefined);
    expect(form(0)).toEqual({
      grant_type: 'client_credentials',
      ...(client_auth === 'body' && { client_id: ID, client_secret: SECRET }),
    });
  });

  it('has the parameters of token_params', async () => {
    const token_params = { audience: 'https://api', resource: 'a&b', grant_type: 'password', client_id: 'evil' };
    await call(tool, {}, { account: account({ scope: 'read', token_params, client_auth: 'body' }) });
    expect(form(0)).toEqual({
      audience: 'https://api',
      resource: 'a&b',
      scope: 'read',
      grant_type: 'client_credentials',
      client_id: ID,
      client_secret: SECRET,
    });
  });

  test.each([
    [400, 'invalid_scope'],
    [401, 'invalid_grant'],
    [400, 'unsupported_grant_type'],
  ])('is not repeated for a server that has seen the client: %i %s', async (status, error) => {
    issuer.answer = answeringJson(JSON.stringify({ error }), status);
    await call(tool, {}, { account: account() });
    expect(issuer.received).toHaveLength(1);
  });

  test.each([
    [201, 'bearer'],
    [200, 'BearerToken'],
    [299, 'BEARER'],
  ])('takes a token of a %i as %s', async (status, token_type) => {
    issuer.answer = answeringJson(JSON.stringify({ access_token: 'access-token-1', token_type }), status);
    await call(tool, {}, { account: account() });
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });
});

describe('a token', () => {
  const callAfter = async (seconds: number) => {
    time += seconds * 1000;
    await call(tool, {}, { account: account() });
  };

  test.each<[string, object, number, number]>([
    ['until shortly before it ends', { expires_in: 3600 }, 3569, 2],
    ['also when the number is a text', { expires_in: '3600' }, 3569, 2],
    ['for nine tenths of a short life', { expires_in: 10 }, 8, 2],
    ['for five minutes when nobody says', {}, 269, 2],
    ['for five minutes when it is no number', { expires_in: 'soon' }, 269, 2],
    ['for a day at most', { expires_in: 1e9 }, 86_369, 2],
  ])('%s', async (_, extra, seconds, more) => {
    issuer.answer = issuing(extra);
    await callAfter(0);
    await callAfter(seconds);
    expect(issuer.received).toHaveLength(1);
    await callAfter(more);
    expect(issuer.received).toHaveLength(2);
    expect(bearers()).toEqual(['Bearer access-token-1', 'Bearer access-token-1', 'Bearer access-token-2']);
  });

  test.each([[0], [-5]])('is not kept if it expires in %i s', async (expires) => {
    issuer.answer = issuing({ expires_in: expires });
    await callAfter(0);
    await callAfter(1);
    expect(bearers()).toEqual(['Bearer access-token-1', 'Bearer access-token-2']);
  });

  it('is kept for one account and its current version', async () => {
    for (const one of [account({}, { id: 'another' }), account(), account({}, { version: 2 })]) {
      await call(tool, {}, { account: one });
      await call(tool, {}, { account: one });
    }
    await call(tool, {}, { account: account({}, { id: 'another' }) });
    const used = [1, 1, 2, 2, 3, 3, 1];
    expect(bearers()).toEqual(used.map((index) => `Bearer access-token-${index}`));
  });
});

describe('simultaneous calls share one request for a token', () => {
  const FIFTY = Array.from({ length: 50 });

  it('50 calls send one request', async () => {
    await Promise.all(FIFTY.map(() => call(tool, {}, { account: account() })));
    expect(issuer.received).toHaveLength(1);
    expect(bearers()).toEqual(FIFTY.map(() => 'Bearer access-token-1'));
  });

  it('50 calls with a refused token send one more request, and run once each', async () => {
    await call(tool, {}, { account: account() });
    service.reset();
    service.answer = ({ headers }, response) =>
      response.writeHead(headers.authorization === 'Bearer access-token-2' ? 204 : 401).end();
    const outcomes = await Promise.all(FIFTY.map(() => call(tool, {}, { account: account() })));
    expect(outcomes.filter(({ result, credentialsRefused }) => result.isError || credentialsRefused)).toEqual([]);
    expect(issuer.received).toHaveLength(2);
    expect(bearers().filter((bearer) => bearer === 'Bearer access-token-2')).toHaveLength(50);
  });

  it('a cancelled call does not cancel the request for the others', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    issuer.answer = async (request, response) => {
      asked.resolve();
      await answered.promise;
      issuing()(request, response);
    };
    const giver = new AbortController();
    const [first, second] = [giver.signal, new AbortController().signal].map((signal) =>
      call(tool, {}, { account: account(), signal }),
    );
    await asked.promise;
    giver.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    answered.resolve();
    expect((await second)?.result.isError).toBeUndefined();
    expect(issuer.received).toHaveLength(1);
  });

  it('the request ends when all calls are cancelled', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    issuer.answer = (_request, response) => {
      response.once('close', end);
      ask();
    };
    const leaving = new AbortController();
    const calls = [1, 2].map(() => call(tool, {}, { account: account(), signal: leaving.signal }));
    await asked;
    leaving.abort(new Error('enough'));
    await Promise.all(calls.map((one) => expect(one).rejects.toThrow('enough')));
    await ended;
    issuer.answer = issuing();
    expect((await call(tool, {}, { account: account() })).result.isError).toBeUndefined();
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });

  it('one account has at most 8 requests, and 8 waiting ones, in all its versions', async () => {
    const open: (() => void)[] = [];
    issuer.answer = (request, response) => void open.push(() => issuing()(request, response));
    const calls = Array.from({ length: 17 }, (_, version) => call(tool, {}, { account: account({}, { version }) }));
    const full = `The account already waits for the maximum number of tokens of ${issuer.host}. Call again later.`;
    const [last] = await Promise.all(calls.slice(16));
    expect(last && textOf(last.result)).toBe(full);
    await expect.poll(() => open.length).toBe(8);
    while (issued < 16) {
      await expect.poll(() => open.length).toBeGreaterThan(0);
      open.shift()?.();
    }
    const outcomes = await Promise.all(calls.slice(0, 16));
    expect(outcomes.filter(({ result }) => result.isError)).toEqual([]);
    expect(issuer.received).toHaveLength(16);
  });

  it('all calls get the same failure, which is not kept', async () => {
    issuer.answer = answering(503, {});
    const outcomes = await Promise.all(FIFTY.map(() => call(tool, {}, { account: account() })));
    expect(new Set(outcomes.map(({ result }) => textOf(result)))).toEqual(
      new Set([`${issuer.host} gave no token: it answered 503.`]),
    );
    expect(issuer.received).toHaveLength(1);
    issuer.answer = issuing();
    await call(tool, {}, { account: account() });
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });
});

describe('a service that refuses the token', () => {
  it('twice gets one more request for a token, and no further ones', async () => {
    service.answer = answeringJson('{"error":"no"}', 401);
    const { result, credentialsRefused } = await call(tool, {}, { account: account() });
    expect(JSON.parse(textOf(result))).toMatchObject({ statusCode: 401, raw_response: { error: 'no' } });
    expect(credentialsRefused).toBe(true);
    expect(bearers()).toEqual(['Bearer access-token-1', 'Bearer access-token-2']);
  });

  it('once gets the same request again', async () => {
    const create = toolOf('post', '/things', {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { type: 'object', properties: { a: {} } } } },
      },
    });
    service.answer = (_, response) => response.writeHead(service.received.length === 1 ? 401 : 204).end();
    await call(create, { a: 1 }, { account: account() });
    expect(service.received.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST {"a":1}', 'POST {"a":1}']);
  });

  it('with 403 does not mean wrong credentials', async () => {
    service.answer = answering(403, {});
    expect((await call(tool, {}, { account: account() })).credentialsRefused).toBe(false);
    expect(bearers()).toEqual(['Bearer access-token-1']);
  });
});

describe('a failed request for a token', () => {
  test.each<[number, string, string, boolean]>([
    [401, '{"error":"invalid_client"}', 'it answered 401 (invalid_client).', true],
    [400, '{"error":"unauthorized_client"}', 'it answered 400 (unauthorized_client).', true],
    [400, '{"error":"invalid_scope"}', 'it answered 400 (invalid_scope).', false],
    [403, `{"error":"${SECRET}"}`, 'it answered 403.', true],
    [500, SECRET, 'it answered 500.', false],
    [302, '', 'it answered 302.', false],
    [200, SECRET, 'its answer contains no bearer token.', false],
    [200, '[]', 'its answer contains no bearer token.', false],
    [200, '{"access_token":""}', 'its answer contains no bearer token.', false],
    [200, '{"access_token":"a\\r\\nb: c"}', 'its answer contains no bearer token.', false],
    [200, '{"access_token":"abc","token_type":"mac"}', 'its answer contains no bearer token.', false],
  ])('%i %s', async (status, text, message, refused) => {
    issuer.answer = answering(status, { 'content-type': 'application/json', location: service.url }, text);
    const { result, credentialsRefused } = await call(tool, {}, { account: account() });
    expect(textOf(result)).toBe(`${issuer.host} gave no token: ${message}`);
    expect(credentialsRefused).toBe(refused);
    expect(service.received).toEqual([]);
  });

  it('ends at 64 KiB of answer', async () => {
    issuer.answer = answeringJson(`{"access_token":"abc","x":"${'x'.repeat(65_536)}"}`);
    const { result } = await call(tool, {}, { account: account() });
    expect(textOf(result)).toContain(`${issuer.host} answered more than 65536 bytes`);
  });

  test.each<[string, unknown, string]>([
    ['nowhere', undefined, 'The token URL of the account cannot be read: set token_url in its context.'],
    ['no URL', '/token', 'The token URL of the account cannot be read: set token_url in its context.'],
    ['another protocol', 'ftp://127.0.0.1/token', 'URLs with the scheme ftp: are refused'],
    ['a web socket', 'ws://127.0.0.1/token', 'Tools are called over http and https only, not ws:'],
    ['with a password', 'http://a:hush-hush@127.0.0.1/token', 'it must not contain credentials'],
    ['the cloud', 'http://169.254.169.254/token', 'its address is cloud metadata'],
  ])('is refused for the destination %s', async (_, url, message) => {
    const { result, credentialsRefused } = await call(tool, {}, { account: account({ token_url: url }) });
    expect(textOf(result)).toContain(message);
    expect(textOf(result)).not.toContain('hush-hush');
    expect(credentialsRefused).toBe(false);
    expect(service.received).toEqual([]);
  });

  it('is refused for a name with a refused address', async () => {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const closed = createEgress({ allow: ['127.0.0.2'], own: () => [], resolve });
    const { port } = new URL(issuer.url);
    const { result } = await callerOf(closed, service.url)(
      tool,
      {},
      {
        account: account({ token_url: `http://tokens.test:${port}/token` }),
      },
    );
    expect(textOf(result)).toContain('Connections to tokens.test are refused: its address is loopback.');
    expect(issuer.received).toEqual([]);
    await closed.dispatcher.close();
  });
});

test('tokens are held in the memory of the organization, one per account, and released when others need it', async () => {
  const budget = new MemoryBudget({ totalBytes: 4 * 1024 * 1024, patienceMs: 0 });
  const heldBytes = () => budget.heldByKind().get('tokens') ?? 0;
  call = callerOf(egress, service.url, () => time, budget);
  issuer.answer = answeringJson(JSON.stringify({ access_token: 'x'.repeat(12_000), token_type: 'Bearer' }));
  for (let version = 1; version <= 3; version++) {
    await call(tool, {}, { account: account({}, { version }) });
  }
  expect(issuer.received).toHaveLength(3);
  expect(heldBytes()).toBeGreaterThan(24_000);
  expect(heldBytes()).toBeLessThan(26_000);
  for (let index = 0; index < 100; index++) {
    await call(tool, {}, { account: account({ token_url: `${issuer.url}/token/${index}` }) });
  }
  expect(heldBytes()).toBeGreaterThan(500_000);
  using room = budget.hold('others', 'bodies', 0);
  await room.waitToResize(1024 * 1024);
  expect(heldBytes()).toBeLessThanOrEqual(3 * 1024 * 1024);
});
