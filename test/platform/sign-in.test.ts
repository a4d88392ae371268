import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { type Answer, call, operations } from '../support/client.ts';
import { Browser, CLIENT, type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createWorld, type World } from '../support/world.ts';

const PEOPLE = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true, groups: ['platform', 'chess'] },
  eve: { name: 'Eve', email: 'ada@example.com', email_verified: false, groups: ['chess'] },
  bob: { name: 'Bob', groups: ['both'] },
  olga: { name: 'Olga', groups: ['operators'] },
};
const PAGE = '/console/approvals/apr_5f0c3a52-7d1e-4b8a-9c64-2e9b1f0d8a37';

let provider: OpenIdProvider;
let server: TestServer;
let world: World;
let memberId: string;
/** The operation and the status of each answer of the gateway, as the log has them. */
const answered: [string, number][] = [];
beforeAll(async () => {
  provider = await startOpenIdProvider(PEOPLE);
  const note = (line: string) => {
    const { operation, status } = JSON.parse(line);
    answered.push([operation, status]);
  };
  server = await startTestServer({ env: settings(), log: { write: note } });
  world = await createWorld(server);
  memberId = (await addMember('groups', 'platform', world.organizationId, ['accounts', 'servers', 'approvals'])).body
    .id;
  await addMember('groups', 'operators', null, ['operator']);
  await addMember('groups', 'both', world.organizationId, ['servers']);
  await addMember('groups', 'both', server.organizationId, ['servers']);
  await addMember('email', 'ada@example.com', world.organizationId, ['servers']);
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

const settings = () => ({
  GATEHOUSE_OIDC_ISSUER: provider.issuer,
  GATEHOUSE_OIDC_CLIENT_ID: CLIENT.client_id,
  GATEHOUSE_OIDC_CLIENT_SECRET: CLIENT.client_secret,
  GATEHOUSE_OIDC_SCOPES: 'openid profile email groups',
});
const addMember = (claim: string, value: string, organizationId: string | null, permissions: string[]) =>
  call(server.url, 'createMember', { body: { claim, value, organizationId, permissions } });
const begin = (query: Record<string, string> = {}, url = server.url, headers = {}): Promise<Answer> =>
  call(url, 'beginSignIn', { as: 'nobody', query, headers });
const start = (returnTo = PAGE) => `${server.url}/console/sign-in?return_to=${encodeURIComponent(returnTo)}`;
const callbackUrl = () => `${server.url}/console/sign-in/callback`;
const personIn = (browser: Browser) => ({ session: browser.cookiesOf(server.url) });
const sessionOf = (browser: Browser): Promise<Answer> => call(server.url, 'getSession', { as: personIn(browser) });

/** Opens the callback as somebody, and checks the answer against the document. */
const callback = (query: string, cookie?: string): Promise<Answer> =>
  call(server.url, 'finishSignIn', { as: 'nobody', query, headers: cookie === undefined ? {} : { Cookie: cookie } });
const cookieOf = ({ headers }: Answer): string => headers.get('set-cookie')?.split(';')[0] ?? '';
const queryOf = (url: string): string => new URL(url).search.slice(1);

/** A page on another port of the host of the gateway. */
async function startNeighbour() {
  const cookies: string[] = [];
  const neighbour = createServer((request, response) => {
    cookies.push(request.headers.cookie ?? '');
    response.end('a page');
  });
  neighbour.listen(0, '127.0.0.1');
  await once(neighbour, 'listening');
  const stop = () => {
    neighbour.closeAllConnections();
    return new Promise((resolve) => neighbour.close(resolve));
  };
  return { url: `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`, cookies, stop };
}

it('a stranger does not make the gateway ask the provider about more than a few made-up sign-ins at once', async () => {
  let asked = 0;
  const { promise: answering, resolve: answer } = Promise.withResolvers<void>();
  const slow = createServer(async (request, response) => {
    const issuer = `http://localhost:${(slow.address() as AddressInfo).port}`;
    if (request.url !== '/token') {
      const [authorization_endpoint, token_endpoint] = [`${issuer}/authorize`, `${issuer}/token`];
      const metadata = { issuer, authorization_endpoint, token_endpoint, jwks_uri: `${issuer}/keys` };
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(metadata));
      return;
    }
    asked += 1;
    await answering;
    response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}');
  });
  slow.listen(0, 'localhost');
  await once(slow, 'listening');
  const issuer = `http://localhost:${(slow.address() as AddressInfo).port}`;
  const gateway = await startTestServer({ env: { ...settings(), GATEHOUSE_OIDC_ISSUER: issuer } });
  const madeUp = { state: 's', nonce: 'n', verifier: 'v'.repeat(43), returnTo: '/' };
  const cookie = `gatehouse_sign_in=${Buffer.from(JSON.stringify(madeUp)).toString('base64url')}`;
  const statuses = new Map<number, number>();
  const all = Array.from({ length: 80 }, async () => {
    const headers = { Cookie: cookie };
    const { status } = await call(gateway.url, 'finishSignIn', { as: 'nobody', query: 'state=s&code=c', headers });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  await expect.poll(() => statuses.get(429), { timeout: 10_000 }).toBe(8);
  expect(asked).toBe(8);
  answer();
  await Promise.all(all);
  expect([...statuses]).toEqual([
    [429, 8],
    [401, 72],
  ]);
  await gateway.stop();
  slow.close();
});

it('502: the provider does not answer as it should; once it does, people can sign in', async () => {
  const answer = await begin();
  expect([answer.status, answer.body.error.message]).toEqual([502, expect.stringContaining(provider.issuer)]);
  provider.serve(server.url);
  expect((await begin()).status).toBe(302);
});

describe('signing in at the provider', () => {
  it('gives the permissions of all members that a person is, and a name', async () => {
    const browser = new Browser();
    const landed = await browser.signIn(start(), 'ada');
    expect([landed.status, landed.url]).toEqual([200, server.url + PAGE]);
    expect((await sessionOf(browser)).body).toEqual({
      name: 'Ada Lovelace',
      organization: { id: world.organizationId, name: 'World' },
      permissions: ['accounts', 'servers', 'approvals'],
      expires_at: new Date(server.clock.now + 12 * 3_600_000).toISOString(),
    });
    const as = personIn(browser);
    const asks = ['listMcpServers', 'listAccounts', 'listOrganizations'] as const;
    const statuses = await Promise.all(asks.map(async (id) => (await call(server.url, id, { as })).status));
    expect(statuses).toEqual([200, 200, 403]);
  });

  it('lets an operator in', async () => {
    const browser = new Browser();
    await browser.signIn(start(), 'olga');
    expect((await sessionOf(browser)).body).toMatchObject({ organization: null, permissions: ['operator'] });
    const as = personIn(browser);
    expect((await call(server.url, 'createOrganization', { as, body: { name: 'Hers' } })).status).toBe(201);
    const { data } = (await call(server.url, 'listAuditEvents', { as, query: { limit: 1 } })).body;
    expect(data[0].actor).toEqual({ kind: 'session', id: 'member:olga', name: 'Olga' });
    expect((await call(server.url, 'listMcpServers', { as })).status).toBe(403);
  });

  it('decides and changes as the person', async () => {
    const browser = new Browser();
    await browser.signIn(start(), 'ada');
    const as = personIn(browser);
    const operation = operations.find(({ id }) => id === 'decideApprovalRequest') as Operation;
    const [path, body] = [world.ids(operation), world.body(operation)];
    const decided = await call(server.url, 'decideApprovalRequest', { as, path, body });
    expect(decided.body.data.decisions).toMatchObject([{ by: { kind: 'member', id: 'ada', name: 'Ada Lovelace' } }]);
    const { data } = (await call(server.url, 'listAuditEvents', { query: { action: 'approval.denied', limit: 1 } }))
      .body;
    expect(data[0].actor).toEqual({ kind: 'session', id: 'member:ada', name: 'Ada Lovelace' });
  });

  it('403: whoever is no member is told the names of the claims; an email that is not verified does not count', async () => {
    const landed = await new Browser().signIn(start(), 'eve');
    expect(landed.status).toBe(403);
    const { message } = JSON.parse(landed.text).error;
    expect(message).toContain('groups, iat, iss, name, nonce, sub;');
    expect(message).toContain('known by: email, groups');
    expect(message).toContain('not verified');
    expect(landed.text).not.toContain('chess');
  });

  it('400: a member of two organizations', async () => {
    const browser = new Browser(callbackUrl());
    const { url } = await browser.signIn(start(), 'bob');
    const answer = await callback(queryOf(url), browser.cookiesOf(url));
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([400, [expect.stringContaining('sign_in=; ')]]);
    expect(answer.body.error.message).toContain('two organizations');
  });

  it('302: both cookies, one taken back and one given', async () => {
    const browser = new Browser(callbackUrl());
    const { url } = await browser.signIn(start(), 'ada');
    const answer = await callback(queryOf(url), browser.cookiesOf(url));
    expect([answer.status, answer.headers.get('location')]).toEqual([302, PAGE]);
    expect(answer.headers.get('set-cookie')?.split(',')).toEqual([
      'gatehouse_sign_in=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
      expect.stringMatching(/^gatehouse_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/),
    ]);
  });

  it('a session ends with each of its members', async () => {
    const browser = new Browser();
    await browser.signIn(start(), 'ada');
    expect((await sessionOf(browser)).status).toBe(200);
    await call(server.url, 'deleteMember', { path: { id: memberId } });
    expect((await sessionOf(browser)).status).toBe(401);
    const again = new Browser();
    await again.signIn(start(), 'ada');
    expect((await sessionOf(again)).body.permissions).toEqual(['servers']);
  });
});

describe('threats', () => {
  it('a callback is good for one time', async () => {
    const browser = new Browser();
    await browser.signIn(start(), 'ada');
    const url = browser.visited.find((visited) => visited.includes('/callback?')) ?? '';
    expect((await browser.open(url)).status).toBe(401);
    expect((await callback(queryOf(url))).status).toBe(401);
    expect((await sessionOf(browser)).status).toBe(200);
  });

  it('a callback is good in the browser that has begun it only, even with a sign-in of its own', async () => {
    const thief = await begin();
    const victim = new Browser();
    const page = await victim.open(start());
    const code = 'code=stolen&iss=x';
    const state = new URL(victim.visited[1] ?? page.url).searchParams.get('state') ?? '';
    expect((await callback(`${code}&state=${state}`, cookieOf(thief))).status).toBe(401);
    const own = new URL(thief.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const forged = await callback(
      `code=stolen&iss=${encodeURIComponent(provider.issuer)}&state=${own}`,
      cookieOf(thief),
    );
    expect([forged.status, forged.body.error.message]).toEqual([401, expect.stringContaining('used or too old')]);
    for (const cookie of [
      '',
      'gatehouse_sign_in=',
      'gatehouse_sign_in=e30',
      'gatehouse_sign_in=bnVsbA',
      'gatehouse_sign_in=%%',
    ]) {
      expect((await callback(`code=x&state=${state}`, cookie)).status).toBe(401);
    }
  });

  it('the state, the verifier and the nonce are fresh, and the cookie can come back from the provider', async () => {
    const answers = [await begin(), await begin()];
    const urls = answers.map(({ headers }) => new URL(headers.get('location') ?? '').searchParams);
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(new Set(urls.map((query) => query.get(name))).size).toBe(2);
    }
    expect(urls[0]?.get('code_challenge_method')).toBe('S256');
    expect(answers[0]?.headers.get('set-cookie')).toMatch(
      /^gatehouse_sign_in=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
  });

  it.each([
    'https://evil.example.com/console',
    '//evil.example.com/console',
    '/\\evil.example.com',
    '/console/../docs',
    '/console/%2e%2e/docs',
    '/console\\..\\docs',
    '/consolex',
    '/console@evil.example.com/',
    'javascript:alert(1)',
    '/docs',
    '',
  ])('return_to %j leads to the start', async (returnTo) => {
    const browser = new Browser();
    await browser.signIn(start(returnTo), 'ada');
    const at = browser.visited.findIndex((visited) => visited.includes('/callback?'));
    expect(browser.visited[at + 1]).toBe(`${server.url}/console`);
  });

  it('401: the provider refuses, and says why', async () => {
    const begun = await begin();
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
    const query = new URLSearchParams({ error: 'access_denied', state: `${state}`, iss: provider.issuer });
    const answer = await callback(query.toString(), cookieOf(begun));
    expect([answer.status, answer.body.error.message]).toEqual([401, expect.stringContaining('(access_denied)')]);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining('gatehouse_sign_in=; ')]);
  });

  it('401: a person reads on the page why nobody was signed in, in a browser', async () => {
    const begun = await begin();
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
    const query = new URLSearchParams({ error: 'access_denied', state: `${state}`, iss: provider.issuer });
    const headers = { Cookie: cookieOf(begun), Accept: 'text/html,*/*;q=0.8' };
    const answer = await call(server.url, 'finishSignIn', { as: 'nobody', query: Object.fromEntries(query), headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
    expect(answer.text).toMatch(/<meta name="gatehouse-problem" content="The provider refuses \(access_denied\)\./);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining('gatehouse_sign_in=; ')]);
  });

  it('a session from before is not taken on', async () => {
    const browser = new Browser();
    await browser.signIn(start(), 'ada');
    const before = personIn(browser).session;
    await browser.signIn(start(), 'ada');
    expect(personIn(browser).session).not.toBe(before);
  });
});

it('in a real browser: the click at the provider leads to a session of its own site', async ({ skip }) => {
  requireChromium(skip);
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
  const neighbour = await startNeighbour();
  try {
    const page = await browser.newPage();
    await page.goto(start());
    await page.fill('input[name=login]', 'olga');
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]');
    await page.waitForURL(server.url + PAGE);
    const cookies = await page.context().cookies(server.url);
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ['gatehouse_session', true, 'Strict'],
    ]);
    const from = async (url: string, path: string, init: object) => {
      await page.goto(url);
      return page.evaluate(
        ([to, options]) =>
          fetch(to as string, options as object).then(
            async ({ status }) => status,
            () => 'refused',
          ),
        [server.url + path, init] as const,
      );
    };
    const change = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"Clicked"}' };
    expect(await from(`${server.url}/healthz`, '/console/session', {})).toBe(200);
    expect(await from(`${server.url}/healthz`, '/admin/api/v1/organizations', change)).toBe(201);
    // Of another site the browser leaves the cookie out. It sends it along for another port of this host.
    const forged = { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"name":"Forged"}' };
    const reading = { mode: 'no-cors', credentials: 'include' };
    for (const site of [`${provider.issuer}/.well-known/openid-configuration`, neighbour.url]) {
      await from(site, '/admin/api/v1/organizations', forged);
      const before = answered.length;
      await from(site, '/console/session', reading);
      await expect.poll(() => answered.slice(before)).toContainEqual(['getSession', 401]);
    }
    expect(neighbour.cookies.join()).toContain('gatehouse_session=');
    const names = (await call(server.url, 'listOrganizations')).body.map(({ name }: { name: string }) => name);
    expect([names.includes('Clicked'), names.includes('Forged')]).toEqual([true, false]);
  } finally {
    await browser.close();
    await neighbour.stop();
  }
});

describe('where there is no sign-in', () => {
  it('502: the provider fails while the browser is on its way back', async () => {
    const begun = await begin();
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
    provider.fail();
    const query = new URLSearchParams({ code: 'x', state: `${state}`, iss: provider.issuer });
    expect((await callback(query.toString(), cookieOf(begun))).status).toBe(502);
    provider.serve(server.url);
  });

  it('404: without a provider', async () => {
    const plain = await startTestServer();
    for (const id of ['beginSignIn', 'finishSignIn'] as const) {
      expect((await call(plain.url, id, { as: 'nobody' })).status).toBe(404);
    }
    await plain.stop();
  });

  it('403: at an http URL of another host', async () => {
    const named = await startTestServer({ env: { ...settings(), GATEHOUSE_PUBLIC_URL: 'http://gate.example.com' } });
    expect((await begin({}, named.url, { Host: 'gate.example.com' })).status).toBe(403);
    await named.stop();
  });
});
