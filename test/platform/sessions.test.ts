import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCredentials } from '../../src/auth/credentials.ts';
import { purgeSessions } from '../../src/auth/sessions.ts';
import { MAX_SESSIONS } from '../../src/auth/sign-in.ts';
import { hashSecret } from '../../src/base/ids.ts';
import type { Operation } from '../../src/contract/document.ts';
import { askOnce } from '../support/ask-once.ts';
import { type Answer, type Call, type Credentials, call, operations } from '../support/client.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';
import { cookieIn, createWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const EVERYTHING = { operator_token: OPERATOR_TOKEN, api_token: API_TOKEN, api_key: API_KEY, api_secret: API_SECRET };

let server: TestServer;
let world: World;
beforeAll(async () => {
  server = await startTestServer();
  world = await createWorld(server);
});
afterAll(() => server.stop());

const signIn = (body: object, more: Call = {}): Promise<Answer> =>
  call(server.url, 'createSession', { as: 'nobody', body, ...more });
const personWith = async (body: object) => ({ session: cookieIn(await signIn(body)) });
const session = (as: Credentials, headers = {}): Promise<Answer> => call(server.url, 'getSession', { as, headers });
const pairOf = ({ pair }: World) => ({ api_key: pair.apiKey, api_secret: pair.apiSecret });

async function newPair(organizationId: string, body: object = {}) {
  const path = { org_id: organizationId };
  const made = (await call(server.url, 'createApiKey', { path, body: { name: 'Team', ...body } })).body;
  const remove = () => call(server.url, 'deleteApiKey', { path: { ...path, id: made.id } });
  return { id: made.id as string, given: { api_key: made.apiKey, api_secret: made.apiSecret }, remove };
}

async function newToken(organizationId: string, body: object = {}) {
  const path = { org_id: organizationId };
  const made = (await call(server.url, 'createApiToken', { path, body: { name: 'Robot', ...body } })).body;
  const remove = () => call(server.url, 'deleteApiToken', { path: { ...path, id: made.id } });
  return { id: made.id as string, given: { api_token: made.token }, remove };
}

/** The newest event of an action. */
const newest = async (action: string) =>
  (await call(server.url, 'listAuditEvents', { query: { action, limit: 1 } })).body.data[0];

describe('signing in', () => {
  it('gives a cookie that only this server gets, and says what the person may do', async () => {
    const answer = await signIn({ ...EVERYTHING, name: 'Ada Lovelace' });
    expect(answer.status).toBe(200);
    const expected = {
      name: 'Ada Lovelace',
      organization: { id: server.organizationId, name: 'Default' },
      permissions: ['accounts', 'servers', 'approvals', 'operator'],
      expires_at: new Date(server.clock.now + 12 * HOUR_MS).toISOString(),
    };
    expect(answer.body).toEqual(expected);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^gatehouse_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect((await session({ session: cookieIn(answer) })).body).toEqual(expected);
  });

  it.each([
    ['the operator', { operator_token: OPERATOR_TOKEN }, 'operator', ['operator'], null],
    ['an API token', { api_token: API_TOKEN }, 'First start', ['accounts', 'approvals'], 'Default'],
    ['a key pair', { api_key: API_KEY, api_secret: API_SECRET }, 'First start', ['servers', 'approvals'], 'Default'],
  ])('with %s: its name and its permissions', async (_, given, name, permissions, organization) => {
    const { body } = await signIn(given);
    expect([body.name, body.permissions, body.organization?.name ?? null]).toEqual([name, permissions, organization]);
  });

  it('400: an API token and a key pair of two organizations', async () => {
    const answer = await signIn({ api_token: API_TOKEN, ...pairOf(world) });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([400, null]);
  });

  it.each([
    ['nothing', {}, 'body'],
    ['half of a pair', { api_key: API_KEY }, 'body.api_secret'],
    ['the other half', { api_secret: API_SECRET, api_token: API_TOKEN }, 'body.api_key'],
    ['no name', { name: '', api_token: API_TOKEN }, 'body.name'],
  ])('422: %s', async (_, body, field) => {
    const { status, body: refused } = await signIn(body);
    expect([status, refused.error.fieldErrors[0].field]).toEqual([422, field]);
  });

  it('403: a page of another site, or of another port of this host', async () => {
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await signIn(EVERYTHING, { headers: { 'Sec-Fetch-Site': site } });
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
    }
    expect((await signIn(EVERYTHING, { headers: { 'Sec-Fetch-Site': 'same-origin' } })).status).toBe(200);
  });

  it('ends the oldest sessions of one credential beyond a hundred', async () => {
    const { given } = await newPair(world.organizationId);
    const first = await personWith(given);
    for (let count = 1; count < MAX_SESSIONS; count += 1) {
      server.clock.now += 1;
      await signIn(given);
    }
    expect((await session(first)).status).toBe(200);
    server.clock.now += 1;
    const last = await personWith(given);
    expect([(await session(first)).status, (await session(last)).status]).toEqual([401, 200]);
  });
});

describe('a session in the three APIs', () => {
  const alternatives = ({ object }: Operation) => object.security ?? [];

  it('is an alternative of every operation, with the permissions that the credentials need', () => {
    const ofApis = operations.filter(({ path }) => /^\/(?:api|admin|integra)/.test(path));
    expect(ofApis.length).toBeGreaterThan(50);
    for (const operation of ofApis) {
      const [own = {}, other, ...more] = alternatives(operation);
      const needed = own.apiKey ?? own.apiToken ?? ['operator'];
      expect([other, more], operation.id).toEqual([{ session: needed }, []]);
    }
  });

  it('opens each API with the credential of that API only', async () => {
    const asks = ['listMcpServers', 'listAccounts', 'listOrganizations'] as const;
    const statuses = async (given: object) => {
      const as = await personWith(given);
      return Promise.all(asks.map(async (id) => (await call(server.url, id, { as })).status));
    };
    expect(await statuses(EVERYTHING)).toEqual([200, 200, 200]);
    expect(await statuses({ api_key: API_KEY, api_secret: API_SECRET })).toEqual([200, 403, 403]);
    expect(await statuses({ api_token: API_TOKEN })).toEqual([403, 200, 403]);
    expect(await statuses({ operator_token: OPERATOR_TOKEN })).toEqual([403, 403, 200]);
  });

  it('has no more permissions than the credential: those of a token decide nothing', async () => {
    const reader = await newPair(world.organizationId, { permissions: ['servers'] });
    const as = await personWith({ ...reader.given, api_token: world.token.apiToken });
    const answer = await call(server.url, 'listApprovalRequests', { as });
    expect([answer.status, answer.body.error]).toEqual([
      403,
      "The key pair of your session lacks the permission 'approvals'.",
    ]);
  });

  it('audits changes under the name and the subject of the person', async () => {
    const pair = await newPair(world.organizationId, { permissions: ['servers', 'approvals'] });
    const as = await personWith({ ...pair.given, operator_token: OPERATOR_TOKEN, name: 'Ada' });
    const actor = { kind: 'session', id: `key_pair:${pair.id}`, name: 'Ada' };
    expect(await newest('session.created')).toMatchObject({ actor, organization: world.organizationId });
    await call(server.url, 'createMcpServer', { as, body: { name: 'Hers', url: 'https://hers.example.com/mcp' } });
    expect(await newest('server.created')).toMatchObject({ actor, organization: world.organizationId });
    const organization = await call(server.url, 'createOrganization', { as, body: { name: 'Hers' } });
    expect(await newest('organization.created')).toMatchObject({ actor, organization: organization.body.id });
    await call(server.url, 'deleteSession', { as });
    expect(await newest('session.deleted')).toMatchObject({ actor, organization: world.organizationId });
  });

  it('decides as the person, and is one approver together with its key pair', async () => {
    const fresh = await createWorld(server);
    const operation = operations.find(({ id }) => id === 'decideApprovalRequest') as Operation;
    const path = fresh.ids(operation);
    const hashes = fresh.body(operation) as object;
    const as = await personWith({ ...pairOf(fresh), name: 'Ada' });
    const pair = await session(as);
    expect(pair.body.permissions).toEqual(['servers', 'approvals']);
    const decide = (by: Credentials) =>
      call(server.url, 'decideApprovalRequest', { as: by, path, body: { ...hashes, decision: 'deny' } });
    const decided = await decide(as);
    expect(decided.status).toBe(200);
    const { id } = (await newest('session.created')).actor;
    expect(decided.body.data.decisions).toMatchObject([
      { by: { kind: 'key_pair', id: id.split(':')[1], name: 'Ada' } },
    ]);
    expect((await newest('approval.denied')).actor).toEqual({ kind: 'session', id, name: 'Ada' });
    expect((await decide(fresh.pair)).status).toBe(409);
  });
});

describe('the end of a session', () => {
  it('is signing out, which takes the cookie back', async () => {
    const as = await personWith(pairOf(world));
    const answer = await call(server.url, 'deleteSession', { as });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('set-cookie')).toBe('gatehouse_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
    expect((await session(as)).status).toBe(401);
    expect((await call(server.url, 'deleteSession', { as })).status).toBe(401);
  });

  it('comes an hour after the last request, and 12 hours after the first', async () => {
    const [quiet, busy] = [await personWith(EVERYTHING), await personWith(EVERYTHING)];
    for (let minutes = 0; minutes < 12 * 60 - 40; minutes += 40) {
      server.clock.now += 40 * 60_000;
      expect((await session(busy)).status).toBe(200);
      await server.deps.credentials.saveLastUsed();
      await purgeSessions(server.deps.store, server.clock.now);
    }
    expect((await session(quiet)).status).toBe(401);
    server.clock.now += 40 * 60_000;
    expect((await session(busy)).status).toBe(401);
    const idle = await personWith(EVERYTHING);
    server.clock.now += HOUR_MS - 1;
    expect((await session(idle)).status).toBe(200);
    server.clock.now += HOUR_MS;
    expect((await session(idle)).status).toBe(401);
  });

  it('comes with another operator token, for the operator only', async () => {
    const operatorTokenHash = hashSecret(`${OPERATOR_TOKEN}, changed`);
    const { session: find } = createCredentials({ ...server.deps, operatorTokenHash });
    const token = ({ session: cookie }: { session: string }) => cookie.split('=')[1] ?? '';
    expect(await find(token(await personWith(EVERYTHING)), true)).toBeUndefined();
    expect(await find(token(await personWith(pairOf(world))), true)).toMatchObject({ operator: null });
  });

  it('comes when any of its credentials is deleted', async () => {
    const organizationId = (await createWorld(server)).organizationId;
    const [pair, token] = [await newPair(organizationId), await newToken(organizationId)];
    const both = { ...pair.given, ...token.given };
    const [first, ofPair] = [await personWith(both), await personWith(pair.given)];
    await token.remove();
    expect([(await session(first)).status, (await session(ofPair)).status]).toEqual([401, 200]);
    await pair.remove();
    expect((await session(ofPair)).status).toBe(401);
  });

  it('comes when any of its credentials expires, or the organization is deleted', async () => {
    const { organizationId } = await createWorld(server);
    const expiresAt = new Date(server.clock.now + 5000).toISOString();
    const [pair, token] = [await newPair(organizationId, { expiresAt }), await newToken(organizationId)];
    const answer = await signIn({ ...pair.given, ...token.given });
    expect(answer.body.expires_at).toBe(expiresAt);
    expect(answer.headers.get('set-cookie')).toMatch(/; Max-Age=5$/);
    const lasting = await personWith(token.given);
    server.clock.now += 5000;
    expect([(await session({ session: cookieIn(answer) })).status, (await session(lasting)).status]).toEqual([
      401, 200,
    ]);
    await call(server.url, 'deleteOrganization', { path: { org_id: organizationId } });
    expect((await session(lasting)).status).toBe(401);
  });
});

describe('requests that the person has not made', () => {
  let as: { session: string };
  beforeAll(async () => {
    as = await personWith(EVERYTHING);
  });
  const read = async (headers: Record<string, string>) =>
    (await askOnce(server.url, 'get', '/api/mcp-servers', { headers: { Cookie: as.session, ...headers } })).status;
  const change = async (headers: Record<string, string>, body?: string) =>
    (
      await askOnce(server.url, 'post', '/admin/api/v1/organizations', {
        headers: { Cookie: as.session, ...headers },
        ...(body !== undefined && { body }),
      })
    ).status;
  const name = JSON.stringify({ name: 'Forged' });

  it('cross-site, same-site, and those of browsers that do not tell', async () => {
    for (const site of [{}, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }]) {
      expect([await read(site), await change(site, name)]).toEqual([401, 401]);
    }
    const none = { 'Sec-Fetch-Site': 'none' };
    expect([await read(none), await change(none, name)]).toEqual([200, 401]);
    const own = { 'Sec-Fetch-Site': 'same-origin' };
    expect([await read(own), await change(own, name)]).toEqual([200, 201]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'a change whose body is %j',
    async (type) => {
      expect(await change({ 'Sec-Fetch-Site': 'same-origin', 'Content-Type': type }, name)).toBe(401);
    },
  );

  it('credentials in headers win, and the cookie beside them is ignored', async () => {
    const own = { 'Sec-Fetch-Site': 'same-origin' };
    expect(await read({ ...own, Authorization: `Bearer ${OPERATOR_TOKEN}` })).toBe(401);
    expect(await read({ ...own, 'X-API-KEY': API_KEY, 'X-API-SECRET': 'wrong' })).toBe(401);
    expect(await read({ ...own, 'X-API-KEY': world.pair.apiKey, 'X-API-SECRET': world.pair.apiSecret })).toBe(200);
    const cross = { 'Sec-Fetch-Site': 'cross-site' };
    expect(await read({ ...cross, 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET })).toBe(200);
    expect((await session(as, { Authorization: `Bearer ${OPERATOR_TOKEN}` })).status).toBe(401);
  });

  it('a token that somebody else chose is never taken on, and a cookie that is there twice counts as none', async () => {
    const planted = `gatehouse_session=${'a'.repeat(43)}`;
    const answer = await signIn(EVERYTHING, { headers: { Cookie: planted } });
    expect(cookieIn(answer)).not.toBe(planted);
    expect((await session({ session: planted })).status).toBe(401);
    const twice = `${planted}; ${cookieIn(answer)}`;
    expect((await session({ session: twice })).status).toBe(401);
    expect((await session({ session: `theme=dark; ${cookieIn(answer)}` })).status).toBe(200);
    const [, token] = cookieIn(answer).split('=');
    expect((await session({ session: `__Host-gatehouse_session=${token}` })).status).toBe(401);
  });

  it('the token is stored as its hash only', async () => {
    const { store } = server.deps;
    const rows = await store.read.sql.selectFrom('sessions').selectAll().execute();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(as.session.split('=')[1]);
  });
});

it('429: the sixth wrong sign-in from one address within a minute; right ones pass', async () => {
  const limited = await startTestServer();
  const wrong = () =>
    call(limited.url, 'createSession', { as: 'nobody', body: { api_key: API_KEY, api_secret: 'wrong' } });
  for (let count = 0; count < 5; count += 1) {
    const answer = await wrong();
    expect([answer.status, answer.body.error.message]).toEqual([
      401,
      'Wrong, or expired: api_key with api_secret. Nobody was signed in.',
    ]);
  }
  const answer = await wrong();
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await call(limited.url, 'createSession', { as: 'nobody', body: EVERYTHING })).status).toBe(200);
  await limited.stop();
});

describe('where people can sign in', () => {
  const at = async (publicUrl: string) => {
    const place = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: publicUrl } });
    const headers = { Host: new URL(publicUrl).host };
    const signedIn = await call(place.url, 'createSession', { as: 'nobody', body: EVERYTHING, headers });
    const found = await call(place.url, 'getSession', { as: { session: cookieIn(signedIn) }, headers });
    await place.stop();
    return { signedIn, found };
  };

  it('https: the cookie is Secure, and no other host can set it', async () => {
    const { signedIn, found } = await at('https://gate.example.com/inner');
    expect(signedIn.headers.get('set-cookie')).toMatch(
      /^__Host-gatehouse_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/,
    );
    expect(found.status).toBe(200);
  });

  it('http on a name: 403 that says where it works', async () => {
    const { signedIn } = await at('http://gate.example.com');
    expect(signedIn.status).toBe(403);
    expect(signedIn.body.error.message).toContain('GATEHOUSE_PUBLIC_URL');
    expect(signedIn.headers.get('set-cookie')).toBeNull();
  });

  it('GATEHOUSE_ADMIN_AUTH=none: the operator is named, and forwarded requests are refused as without a session', async () => {
    const open = await startTestServer({ env: { GATEHOUSE_ADMIN_AUTH: 'none', GATEHOUSE_ADMIN_TOKEN: '' } });
    const ask = (id: 'createOrganization' | 'listAuditEvents', more: Call) => call(open.url, id, more);
    const signedIn = await call(open.url, 'createSession', {
      as: 'nobody',
      body: { name: 'Ada', api_token: API_TOKEN },
    });
    const as = { session: cookieIn(signedIn) };
    expect((await ask('createOrganization', { as, body: { name: 'New' } })).status).toBe(201);
    const { data } = (await ask('listAuditEvents', { as, query: { action: 'organization.created', limit: 1 } })).body;
    expect(data[0].actor).toMatchObject({ kind: 'session', name: 'Ada' });
    const forwarded = await ask('createOrganization', {
      as,
      body: { name: 'X' },
      headers: { 'X-Forwarded-For': '1.2.3.4' },
    });
    expect(forwarded.status).toBe(403);
    await open.stop();
  });
});
