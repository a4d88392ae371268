import type { Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { bearer } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { createdEndpoint, type EndpointPath, lasting, type Path, under } from '../accounts/support.ts';
import { absent, created } from '../operator/shared-support.ts';
import { created as createdOrganization, createdToken } from '../operator/support.ts';

/** Somebody who holds a token of a new organization. */
async function tenant({ operator, name, as }: Context, what: string) {
  const path = await createdOrganization(operator, name(what));
  const { token } = await createdToken(operator, path, { name: name('token') });
  return { organization: path.org_id, holder: as(bearer(token, '$NEW_TOKEN')) };
}

/** A shared server that is not there: its path, that of its accounts, and how to grant it. */
async function shared({ operator, name }: Context, what: string) {
  const path = await created(operator, absent(name(what)));
  const id = path.mcp_id;
  const grant = (organizations: string[] | 'all') =>
    operator.call(200, 'setSharedServerOrganizations', { path, body: { organizations } });
  return { path, id, account: { id }, grant };
}

/** The account with an id among those that a holder lists; undefined when it is not there. */
async function listedAs(holder: Caller, id: string) {
  const answer = await holder.call(200, 'listAccounts', { query: { 'integration.name': 'mcp' } });
  return { answer, account: answer.json.result.find((account) => account.id === id) };
}

/** Checks that there is no account at a path, nor anything below it. */
async function missing({ name }: Context, holder: Caller, account: Path, ...endpoints: EndpointPath[]): Promise<void> {
  await holder.call(404, 'getAccount', { path: account });
  await holder.call(404, 'listAccountTools', { path: account });
  await holder.call(404, 'listEndpoints', { path: under(account) });
  for (const path of endpoints) {
    await holder.call(404, 'getEndpoint', { path });
  }
  await holder.call(404, 'createEndpoint', { path: under(account), body: { name: name('refused') } });
  const { answer, account: found } = await listedAs(holder, account.id);
  same(answer, 'an account of the server', found, undefined);
}

/** The effects of the operator's shared servers on the Accounts API. */
export const sharedAccountChecks = checks('all', {
  'getAccount, listAccounts: a shared server is an account of those that it is granted to, and of nobody else': async (
    context,
  ) => {
    const [a, b] = [await tenant(context, 'granted'), await tenant(context, 'not-granted')];
    const { id, account, grant } = await shared(context, 'shared');
    await missing(context, a.holder, account);
    await grant([a.organization]);
    const answer = await a.holder.call(200, 'getAccount', { path: account });
    const { created_at: _, updated_at: __, ...rest } = answer.json;
    same(answer, 'the account', rest, {
      id,
      tenant_id: null,
      display_name: context.name('shared'),
      environment_integration_id: null,
      integration: { id: null, name: 'mcp' },
      authentication_method: 'none',
      status: 'active',
    });
    const list = await listedAs(a.holder, id);
    same(list.answer, 'the account', list.account, answer.json);
    await missing(context, b.holder, account);
  },

  'updateAccount, deleteAccount: the account of a shared server is a 405, and nothing is changed': async (context) => {
    const { organization, holder } = await tenant(context, 'read-only');
    const { account, grant } = await shared(context, 'read-only');
    await grant([organization]);
    const before = await lasting(holder, 'account', account);
    for (const answer of [
      await holder.call(405, 'updateAccount', { path: account, body: { tenant_id: context.name('changed') } }),
      await holder.call(405, 'deleteAccount', { path: account }),
    ]) {
      same(answer, 'Allow', answer.headers.get('Allow'), 'GET');
    }
    const after = await holder.call(200, 'getAccount', { path: account });
    const { updated_at: _, ...rest } = after.json;
    same(after, 'the account as it was:', rest, before);
  },

  'setSharedServerOrganizations: who loses a server loses its endpoints for good, and nobody else does': async (
    context,
  ) => {
    const [a, b] = [await tenant(context, 'loser'), await tenant(context, 'keeper')];
    const { account, grant } = await shared(context, 'withdrawn');
    await grant([a.organization, b.organization]);
    const lost = await createdEndpoint(a.holder, account, { name: context.name('lost') });
    const kept = await createdEndpoint(b.holder, account, { name: context.name('kept') });
    await a.holder.call(200, 'getEndpoint', { path: lost });
    await grant([b.organization]);
    await missing(context, a.holder, account, lost);
    await b.holder.call(200, 'getEndpoint', { path: kept });
    await grant([a.organization, b.organization]);
    await a.holder.call(200, 'getAccount', { path: account });
    const list = await a.holder.call(200, 'listEndpoints', { path: under(account) });
    same(list, 'the endpoints', list.json.result, []);
    await a.holder.call(404, 'getEndpoint', { path: lost });
    await b.holder.call(200, 'getEndpoint', { path: kept });
  },

  'setSharedServerOrganizations: all are the organizations that there are, and those to come': async (context) => {
    const before = await tenant(context, 'before');
    const { account, grant } = await shared(context, 'for-all');
    await grant('all');
    const endpoint = await createdEndpoint(before.holder, account, { name: context.name('for-all') });
    const after = await tenant(context, 'after');
    await after.holder.call(200, 'getAccount', { path: account });
    await grant([before.organization]);
    await before.holder.call(200, 'getEndpoint', { path: endpoint });
    await missing(context, after.holder, account);
  },

  'deleteSharedServer: its accounts are gone, with their endpoints': async (context) => {
    const [a, b] = [await tenant(context, 'orphan-a'), await tenant(context, 'orphan-b')];
    const { path, account, grant } = await shared(context, 'orphaned');
    await grant([a.organization, b.organization]);
    const endpoints = [
      await createdEndpoint(a.holder, account, { name: context.name('orphan') }),
      await createdEndpoint(b.holder, account, { name: context.name('orphan') }),
    ] as const;
    const list = await a.holder.call(200, 'listEndpoints', { path: under(account) });
    holds(list, list.text.includes(context.name('orphan')), 'a list with the endpoint', list.json);
    await context.operator.call(200, 'deleteSharedServer', { path });
    await missing(context, a.holder, account, endpoints[0]);
    await missing(context, b.holder, account, endpoints[1]);
  },
});
