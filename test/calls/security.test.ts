import { describe, expect, it, test } from 'vitest';
import { authoriserOf } from '../../src/calls/authorise.ts';
import type { AuthenticationMethod } from '../../src/contract/closed-words.ts';
import { derived, documentOf } from '../tools/support/documents.ts';
import { callerOf, NOBODY, serviceAt, sharedEgress, textOf } from './support/calls.ts';
import { answering, answeringJson, startService } from './support/service.ts';

const service = await startService();
const other = await startService();
const issuer = await startService();
const call = callerOf(sharedEgress(), service.url);

const apiKey = (place: string, name: string) => ({ type: 'apiKey', in: place, name });
const oauth2 = { type: 'oauth2', flows: { authorizationCode: { tokenUrl: 'https://t', scopes: {} } } };
const machine = (path: string) => ({
  type: 'oauth2',
  flows: { clientCredentials: { tokenUrl: `${issuer.url}${path}`, scopes: {} } },
});
const SCHEMES = {
  id: apiKey('header', 'APP-ID'),
  key: apiKey('header', 'APP-KEY'),
  hapikey: apiKey('query', 'hapikey'),
  sid: apiKey('cookie', 'sid'),
  raw: apiKey('header', 'Authorization'),
  bearer: { type: 'http', scheme: 'bearer' },
  basic: { type: 'http', scheme: 'basic' },
  digest: { type: 'http', scheme: 'digest' },
  custom: { type: 'http', scheme: 'Token' },
  code: oauth2,
  machine: machine('/a'),
  second: machine('/b'),
  connect: { type: 'openIdConnect', openIdConnectUrl: 'https://o' },
  mutual: { type: 'mutualTLS' },
};
type Names = Readonly<Record<string, string[]>>;
const all = (...names: string[]): Names => Object.fromEntries(names.map((name) => [name, []]));

/** The account that is made for a document today. */
const as = (
  authenticationMethod: AuthenticationMethod,
  context: Record<string, unknown> = {},
  isByOperation = true,
) => ({
  ...NOBODY,
  authenticationMethod,
  context,
  isByOperation,
});
type Account = ReturnType<typeof as>;
const CONTEXTS: Readonly<Record<string, Account>> = {
  none: as('none'),
  api_key: as('api_key', { api_key: 'k-123' }),
  basic: as('basic', { username: 'u', password: 'p' }),
  bearer: as('bearer', { token: 't-123' }),
  client: as('oauth2_client_credentials', { client_id: 'c', client_secret: 's', token_url: `${issuer.url}/own` }),
};
const U_P = `Basic ${Buffer.from('u:p').toString('base64')}`;

/** A document with one operation, beside others that keep accounts from being helpless. */
const documentWith = (security: unknown, more: object = {}, root: object = {}) =>
  documentOf(
    { '/x': { get: { summary: 'x', security, ...more } }, '/free': { get: { summary: 'x', security: [] } } },
    { components: { securitySchemes: SCHEMES }, ...root },
  );

/** Calls the operation at `/x`, and returns what arrived at the service. */
async function sent(account: Account, document: object, args = {}, baseUrl: string | null = service.url) {
  const [tool] = derived(document).tools;
  const { result, credentialsRefused } = await call(tool as never, args, {
    account,
    service: serviceAt(baseUrl, document),
  });
  const [request] = [...service.received, ...other.received];
  const { authorization, cookie, ...headers } = request?.headers ?? {};
  const [id, key] = [headers['app-id'], headers['app-key']];
  const arrived = Object.fromEntries(
    Object.entries({ url: request?.url, id, key, authorization, cookie }).filter(([, value]) => value !== undefined),
  );
  return { arrived, result, credentialsRefused };
}
const issuing = () => {
  issuer.answer = ({ url }, response) =>
    answeringJson(`{"access_token":"token-of${url.replace('/', '-')}"}`)(null as never, response);
};

describe('an account of one credential', () => {
  test.each<[string, unknown, Record<string, string>]>([
    ['api_key', [all('id')], { id: 'k-123' }],
    ['api_key', [all('key')], { key: 'k-123' }],
    ['api_key', [all('hapikey')], { url: '/x?hapikey=k-123' }],
    ['api_key', [all('sid')], { cookie: 'sid=k-123' }],
    ['api_key', [all('raw')], { authorization: 'k-123' }],
    ['api_key', [all('hapikey'), all('id')], { url: '/x?hapikey=k-123' }],
    ['api_key', [all('code'), all('id')], { id: 'k-123' }],
    ['api_key', [all('id', 'key'), all('sid')], { cookie: 'sid=k-123' }],
    ['api_key', [{}, all('id')], { id: 'k-123' }],
    ['api_key', [all('bearer'), {}], {}],
    ['api_key', [], {}],
    ['none', [all('id'), {}], {}],
    ['none', [], {}],
    ['bearer', [all('bearer')], { authorization: 'Bearer t-123' }],
    ['bearer', [all('code')], { authorization: 'Bearer t-123' }],
    ['bearer', [all('machine')], { authorization: 'Bearer t-123' }],
    ['bearer', [all('connect')], { authorization: 'Bearer t-123' }],
    ['bearer', [all('code', 'connect')], { authorization: 'Bearer t-123' }],
    ['basic', [all('basic')], { authorization: U_P }],
    ['basic', [all('bearer'), all('basic')], { authorization: U_P }],
    ['client', [all('machine')], { authorization: 'Bearer token-of-own' }],
    ['client', [all('connect')], { authorization: 'Bearer token-of-own' }],
    ['client', [all('code')], { authorization: 'Bearer token-of-own' }],
  ])('%s sends for %j', async (name, security, expected) => {
    issuing();
    const { arrived, result } = await sent(CONTEXTS[name] as Account, documentWith(security));
    expect(result.isError, textOf(result)).toBeUndefined();
    expect(arrived).toEqual({ url: '/x', ...expected });
  });

  test.each<[string, unknown, string]>([
    ['none', [all('id')], 'id'],
    ['api_key', [all('bearer')], 'bearer'],
    ['api_key', [all('id', 'key')], 'id and key'],
    ['api_key', [all('id', 'bearer'), all('code')], 'id and bearer, or code'],
    ['bearer', [all('basic')], 'basic'],
    ['bearer', [all('raw')], 'raw'],
    ['bearer', [all('custom')], 'custom'],
    ['basic', [all('bearer')], 'bearer'],
    ['client', [all('bearer')], 'bearer'],
    ['bearer', [all('mutual')], 'mutual (which is of a kind that is not supported)'],
    ['basic', [all('digest')], 'digest (which is of a kind that is not supported)'],
    ['api_key', [all('gone')], 'gone (which is not in the document)'],
  ])('%s cannot call for %j', async (name, security, wanted) => {
    const { result } = await sent(CONTEXTS[name] as Account, documentWith(security));
    const { authenticationMethod } = CONTEXTS[name] as Account;
    expect(textOf(result)).toBe(
      `It requires ${wanted}; the account has no credential for this (authentication_method ${authenticationMethod}).`,
    );
    expect(service.received).toEqual([]);
  });

  it('takes the security of the document where an operation has none', async () => {
    const root = { security: [all('key')] };
    expect((await sent(CONTEXTS.api_key as Account, documentWith(undefined, {}, root))).arrived.key).toBe('k-123');
    service.reset();
    expect((await sent(CONTEXTS.api_key as Account, documentWith([all('id')], {}, root))).arrived.id).toBe('k-123');
    service.reset();
    expect((await sent(CONTEXTS.api_key as Account, documentWith([], {}, root))).arrived).toEqual({ url: '/x' });
    service.reset();
    // An operation without security in a document that has some elsewhere is public.
    expect((await sent(CONTEXTS.api_key as Account, documentWith(undefined))).arrived).toEqual({ url: '/x' });
  });

  it('sends as ever for a document that says nothing of security, and for an account that was made before', async () => {
    const document = documentOf({ '/x': { get: { summary: 'x' } } }, { components: { securitySchemes: SCHEMES } });
    expect((await sent(CONTEXTS.api_key as Account, document)).arrived).toEqual({ url: '/x', id: 'k-123' });
    service.reset();
    const before = as('api_key', { api_key: 'k-123' }, false);
    expect((await sent(before, documentWith([all('key')]))).arrived).toEqual({ url: '/x', id: 'k-123' });
    service.reset();
    expect((await sent(before, documentWith([]))).arrived).toEqual({ url: '/x', id: 'k-123' });
  });

  it('sends as ever if it could call nothing', async () => {
    const document = documentOf(
      {
        '/x': { get: { summary: 'x', security: [all('code')] } },
        '/y': { get: { summary: 'y', security: [all('key', 'id')] } },
      },
      { components: { securitySchemes: SCHEMES } },
    );
    const account = CONTEXTS.api_key as Account;
    expect((await sent(account, document)).arrived).toEqual({ url: '/x', id: 'k-123' });
    expect(authoriserOf(account, serviceAt(service.url, document)).isHelpless).toBe(true);
    expect(authoriserOf(account, serviceAt(service.url, documentWith([all('code')]))).isHelpless).toBe(false);
  });

  test.each([
    ['Bearer t-123', 'Bearer t-123'],
    ['bearer  t-123', 'Bearer t-123'],
    ['bearers', 'Bearer bearers'],
  ])('a token that is pasted as %j is sent as %j', async (token, authorization) => {
    expect((await sent(as('bearer', { token }), documentWith([all('bearer')]))).arrived).toMatchObject({
      authorization,
    });
  });

  it('says nothing of its credentials where none was tried', async () => {
    const account = CONTEXTS.api_key as Account;
    service.answer = answering(401, {});
    expect((await sent(account, documentWith([]))).credentialsRefused).toBeNull();
    expect((await sent(account, documentWith([all('id')]))).credentialsRefused).toBe(true);
    expect((await sent(as('none'), documentWith([]))).credentialsRefused).toBe(true);
    service.answer = answering(204, {});
    expect((await sent(account, documentWith([]))).credentialsRefused).toBeNull();
  });
});

describe('an account of schemes', () => {
  const schemes = {
    id: { api_key: 'i-123' },
    key: { api_key: 'k-123' },
    hapikey: { api_key: 'h-123' },
    basic: { username: 'u', password: 'p' },
    bearer: { token: 't-123' },
    custom: { token: 'c-123' },
    machine: { client_id: 'c', client_secret: 's' },
    second: { client_id: 'd', client_secret: 's' },
  };
  const account = as('schemes', { schemes });

  test.each<[unknown, Record<string, string>]>([
    [[all('id', 'key')], { id: 'i-123', key: 'k-123' }],
    [
      [all('id', 'key', 'hapikey', 'bearer')],
      { url: '/x?hapikey=h-123', id: 'i-123', key: 'k-123', authorization: 'Bearer t-123' },
    ],
    [[all('id')], { id: 'i-123' }],
    [[all('basic', 'key')], { key: 'k-123', authorization: U_P }],
    [[all('custom')], { authorization: 'Token c-123' }],
    [[all('machine', 'id')], { id: 'i-123', authorization: 'Bearer token-of-a' }],
    [[all('second')], { authorization: 'Bearer token-of-b' }],
    [[all('sid'), all('id')], { id: 'i-123' }],
    [[all('basic', 'bearer'), all('id')], { id: 'i-123' }],
    [[all('sid'), {}], {}],
    [[], {}],
  ])('sends for %j', async (security, expected) => {
    issuing();
    const { arrived, result } = await sent(account, documentWith(security));
    expect(result.isError, textOf(result)).toBeUndefined();
    expect(arrived).toEqual({ url: '/x', ...expected });
  });

  it('sends every credential that it has where the document says nothing of security', async () => {
    const document = documentOf({ '/x': { get: { summary: 'x' } } }, { components: { securitySchemes: SCHEMES } });
    const both = as('schemes', { schemes: { id: schemes.id, bearer: schemes.bearer } });
    expect((await sent(both, document)).arrived).toEqual({ url: '/x', id: 'i-123', authorization: 'Bearer t-123' });
  });

  it('gets new tokens for all of its schemes after a 401, once', async () => {
    let count = 0;
    issuer.answer = (_, response) => answeringJson(`{"access_token":"t${++count}"}`)(null as never, response);
    service.answer = answering(401, {});
    const { credentialsRefused } = await sent(
      { ...as('schemes', { schemes: { machine: schemes.machine, id: schemes.id } }), id: 'renewed' },
      documentWith([all('machine', 'id')]),
    );
    expect(credentialsRefused).toBe(true);
    expect(service.received.map(({ headers }) => [headers.authorization, headers['app-id']])).toEqual([
      ['Bearer t1', 'i-123'],
      ['Bearer t2', 'i-123'],
    ]);
  });

  it('shows no secret that the service repeats', async () => {
    service.answer = ({ url, headers }, response) =>
      answeringJson(JSON.stringify({ url, headers }))(null as never, response);
    const secret = (name: string) => `the-secret-${name}`;
    const given = {
      id: { api_key: secret('a') },
      hapikey: { api_key: secret('b') },
      basic: { username: 'u', password: secret('c') },
    };
    const context = {
      schemes: given,
      headers: { 'X-Auth': 'tokenish', 'X-Version': '2020-09-14', 'X-Other': secret('d-0123456789') },
      query: { api_token: 'hush-hush' },
    };
    const { result } = await sent(as('schemes', context), documentWith([all('id', 'hapikey', 'basic')]));
    expect(textOf(result)).not.toMatch(/the-secret|tokenish|hush-hush/);
    expect(textOf(result)).not.toContain(Buffer.from(`u:${secret('c')}`).toString('base64'));
    expect(textOf(result)).toContain('2020-09-14');
  });
});

describe('fixed headers and query parameters', () => {
  const context = { headers: { 'X-Tenant': 'acme', 'APP-KEY': 'f-key', Cookie: 'a=b' }, query: { v: '1 &2' } };
  const arguments_ = {
    parameters: ['v', 'v[x]', 'V', 'w']
      .map((name) => ({ name, in: 'query', schema: {} }))
      .concat(['X-Tenant', 'x-other'].map((name) => ({ name, in: 'header', schema: {} })) as never),
  };

  test.each<[string, Account]>([
    ['none', as('none', context)],
    ['api_key', as('api_key', { ...context, api_key: 'k-123' })],
    ['schemes', as('schemes', { ...context, schemes: { sid: { api_key: 's-1' } } })],
    ['an account made before', as('none', context, false)],
  ])('go along beside %s, and no argument changes them', async (_, account) => {
    const document = documentWith([], arguments_);
    const [tool] = derived(document).tools;
    const names = Object.keys((tool?.inputSchema.properties ?? {}) as object);
    const { arrived, result } = await sent(account, document, Object.fromEntries(names.map((name) => [name, 'mine'])));
    expect(result.isError, textOf(result)).toBeUndefined();
    expect(arrived).toMatchObject({ url: '/x?w=mine&v=1%20%262', key: 'f-key', cookie: 'a=b' });
    expect(service.received[0]?.headers).toMatchObject({ 'x-tenant': 'acme', 'x-other': 'mine' });
  });

  it('satisfy the schemes at their places', async () => {
    const { arrived } = await sent(as('api_key', { ...context, api_key: 'k-123' }), documentWith([all('id', 'key')]));
    expect(arrived).toMatchObject({ id: 'k-123', key: 'f-key' });
    service.reset();
    const fixed = as('none', { headers: { authorization: 'Bot x' }, query: { hapikey: 'q' } });
    const both = await sent(fixed, documentWith([all('bearer', 'hapikey')]));
    expect(both.arrived).toEqual({ url: '/x?hapikey=q', authorization: 'Bot x' });
  });

  it('replace headers that every request has', async () => {
    await sent(
      as('none', { headers: { Accept: 'application/vnd.acme+json', 'User-Agent': 'acme' } }),
      documentWith([]),
    );
    expect(service.received[0]?.headers).toMatchObject({ accept: 'application/vnd.acme+json', 'user-agent': 'acme' });
  });
});

describe('another origin', () => {
  const context = { api_key: 'k-123', headers: { 'X-Tenant': 'acme' } };
  const at = (security: unknown) =>
    documentWith(security, { servers: [{ url: `${other.url}/there` }] }, { servers: [{ url: service.url }] });

  it('gets nothing of an account that does not name it', async () => {
    const refused = await sent(as('api_key', context), at([all('id')]), {}, null);
    expect(textOf(refused.result)).toBe(
      `It goes to ${other.url}, which gets no credentials: add it to \`origins\` in the context of the account.`,
    );
    const free = await sent(as('api_key', context), at([]), {}, null);
    expect(free.arrived).toEqual({ url: '/there/x' });
    expect(other.received[0]?.headers['x-tenant']).toBeUndefined();
    const either = await sent(as('api_key', context), at([all('id'), {}]), {}, null);
    expect(textOf(either.result)).toContain('which gets no credentials');
  });

  it('gets what it demands from one that names it', async () => {
    const account = as('api_key', { ...context, origins: [other.url] });
    expect((await sent(account, at([all('id')]), {}, null)).arrived).toEqual({ url: '/there/x', id: 'k-123' });
    expect(other.received[0]?.headers['x-tenant']).toBe('acme');
    expect((await sent(account, at([]), {}, null)).arrived).toEqual({ url: '/there/x', id: 'k-123' });
  });

  it('gets the credentials of an account that was made before, and of a document without security, as ever', async () => {
    const before = as('api_key', { api_key: 'k-123' }, false);
    expect((await sent(before, at([]), {}, null)).arrived).toEqual({ url: '/there/x', id: 'k-123' });
    other.reset();
    const servers = [{ url: service.url }];
    const silent = documentOf({ '/x': { get: { summary: 'x', servers: [{ url: other.url }] } } }, { servers });
    await sent(as('api_key', context), silent, {}, null);
    expect(other.received[0]?.headers).toMatchObject({ 'x-api-key': 'k-123' });
    expect(other.received[0]?.headers['x-tenant']).toBeUndefined();
  });

  it('is not another one if it is the only one', async () => {
    const document = documentWith([all('id')], { servers: [{ url: service.url }] });
    expect((await sent(as('api_key', context), document, {}, null)).arrived).toEqual({ url: '/x', id: 'k-123' });
  });
});
