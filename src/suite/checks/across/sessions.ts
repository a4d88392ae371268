import type { Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import type { Credentials } from '../../credentials.ts';
import { requireCredentials } from '../../deployment.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { created as createdOrganization, createdPair, createdToken } from '../operator/support.ts';

/** An organization with a key pair and an API token, and how to sign in with them. */
async function tenant({ operator, name, as }: Context) {
  const path = await createdOrganization(operator, name('people'));
  const pair = await createdPair(operator, path, { name: name('pair'), permissions: ['servers', 'approvals'] });
  const token = await createdToken(operator, path, { name: name('token') });
  const given = { api_token: token.token, api_key: pair.apiKey, api_secret: pair.apiSecret };
  const signIn = async (body: object) => {
    const answer = await as({}).send([200, 403], 'createSession', { body: { name: name('Ada'), ...body } });
    if (answer.status === 403) {
      throw new Skipped('people cannot sign in at this server: its public URL is neither https nor on this machine');
    }
    const cookie = answer.headers.get('Set-Cookie')?.split(';')[0] ?? '';
    return { answer, person: as(fromPage(cookie, 'same-origin')), cookie };
  };
  return { path, pair, token, given, signIn };
}

/** The headers of a browser that has a cookie, for a page of some site. */
const fromPage = (cookie: string, site: string | null): Credentials => ({
  Cookie: { value: cookie, shown: '$SESSION_COOKIE' },
  ...(site !== null && { 'Sec-Fetch-Site': { value: site, shown: site } }),
});

/** Checks that a person is signed in, or is not. */
async function requireSession(person: Caller, status: 200 | 401): Promise<void> {
  await person.send(status, 'getSession');
  await person.send(status, 'listMcpServers');
}

/** Sessions of people, and what they may do in each API. */
export const sessionChecks = checks('all', {
  'createSession: a person acts with the credentials, under the own name': async (context) => {
    const { path, given, signIn } = await tenant(context);
    const { answer, person, cookie } = await signIn(given);
    holds(answer, /^(?:__Host-)?gatehouse_session=[\w-]{43}$/.test(cookie), 'a cookie with a token', cookie.length);
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) {
      const attributes = answer.headers.get('Set-Cookie')?.split('; ') ?? [];
      holds(answer, attributes.includes(attribute), `a cookie with ${attribute}`, attributes.slice(1));
    }
    const session = await person.send(200, 'getSession');
    const { name, organization, permissions } = session.json;
    const expected = [context.name('Ada'), path.org_id, ['accounts', 'servers', 'approvals']];
    same(session, 'name, organization and permissions', [name, organization?.id, permissions], expected);
    await person.call(200, 'listMcpServers');
    await person.call(200, 'listAccounts');
    const body = { name: context.name('of a person'), url: 'https://example.com/mcp' };
    await person.call(201, 'createMcpServer', { body });
    const query = { organization: path.org_id, action: 'server.created' };
    const audited = await context.operator.call(200, 'listAuditEvents', { query });
    same(
      audited,
      'the actor',
      audited.json.data.map(({ actor }) => [actor.kind, actor.name]),
      [['session', context.name('Ada')]],
    );
  },

  'createSession: a session opens the APIs of its credentials only': async (context) => {
    const { given, signIn } = await tenant(context);
    const { person: holder } = await signIn({ api_token: given.api_token });
    await holder.call(200, 'listAccounts');
    await holder.call(403, 'listMcpServers');
    await holder.call(403, 'getOverview');
    const { person: team } = await signIn({ api_key: given.api_key, api_secret: given.api_secret });
    await team.call(200, 'listApprovalRequests');
    await team.call(403, 'listAccounts');
  },

  'createSession: a session without the operator token does not open the Operator API': async (context) => {
    requireCredentials(context.operator);
    const { given, signIn } = await tenant(context);
    const { person } = await signIn({ api_token: given.api_token });
    await person.send(403, 'listOrganizations');
  },

  'createSession: wrong credentials are a 401, those of two organizations a 400': async (context) => {
    const [one, other] = [await tenant(context), await tenant(context)];
    await one.signIn(one.given);
    const nobody = context.as({});
    const wrong = { ...one.given, api_secret: other.given.api_secret };
    const refused = await nobody.send(401, 'createSession', { body: wrong });
    holds(refused, !refused.headers.has('Set-Cookie'), 'no cookie', 'a cookie');
    const mixed = await nobody.send(400, 'createSession', {
      body: { ...one.given, api_token: other.given.api_token },
    });
    holds(mixed, !mixed.headers.has('Set-Cookie'), 'no cookie', 'a cookie');
  },

  'every operation: a request that the person has not made is one without a session': async (context) => {
    const { given, signIn, pair } = await tenant(context);
    const { person, cookie } = await signIn(given);
    const body = { name: context.name('forged'), url: 'https://example.com/mcp' };
    for (const site of ['cross-site', 'same-site', null]) {
      const page = context.as(fromPage(cookie, site));
      await page.call(401, 'listMcpServers');
      await page.call(401, 'createMcpServer', { body });
    }
    const typed = context.as(fromPage(cookie, 'none'));
    await typed.call(200, 'listMcpServers');
    await typed.call(401, 'createMcpServer', { body });
    const header = { 'Content-Type': 'text/plain' };
    await person.send(401, 'createMcpServer', { header, text: JSON.stringify(body) });
    const beside = { 'X-API-KEY': pair.apiKey, 'X-API-SECRET': 'x'.repeat(40) };
    await person.send(401, 'listMcpServers', { header: beside });
  },

  'deleteSession: a session ends when the person signs out, and when a credential is deleted': async (context) => {
    const { path, pair, token, given, signIn } = await tenant(context);
    const [out, withPair, withToken] = [await signIn(given), await signIn(given), await signIn(given)];
    const ended = await out.person.send(204, 'deleteSession');
    const cookie = ended.headers.get('Set-Cookie') ?? '';
    holds(ended, cookie.includes('Max-Age=0'), 'a cookie that is taken back', cookie);
    await requireSession(out.person, 401);
    await requireSession(withPair.person, 200);
    await context.operator.call(200, 'deleteApiToken', { path: { ...path, id: token.id } });
    await requireSession(withToken.person, 401);
    const { api_key, api_secret } = given;
    const team = await signIn({ api_key, api_secret });
    await requireSession(team.person, 200);
    await context.operator.call(200, 'deleteApiKey', { path: { ...path, id: pair.id } });
    await requireSession(team.person, 401);
  },
});
