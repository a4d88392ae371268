import type { Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { bearer } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { ACCOUNTS, type Account, accountPath, createdEndpoint, lasting } from '../accounts/support.ts';
import { absent, created } from '../operator/shared-support.ts';
import { created as createdOrganization, createdToken } from '../operator/support.ts';

/** Somebody who holds a token of a new organization. */
async function tenant({ operator, name, as }: Context, what: string) {
  const path = await createdOrganization(operator, name(what));
  const { token } = await createdToken(operator, path, name('token'));
  return { organization: path.split('/').at(-1) ?? '', holder: as(bearer(token, '$NEW_TOKEN')) };
}

/** A shared server that is not there: its path, that of its accounts, and how to grant it. */
async function shared({ operator, name }: Context, what: string) {
  const path = await created(operator, absent(name(what)));
  const id = path.split('/').at(-1) ?? '';
  const grant = (organizations: readonly string[] | 'all') =>
    operator.call(200, 'PUT', `${path}/organizations`, { body: { organizations } });
  return { path, id, account: accountPath(id), grant };
}

/** The account with an id among those that a holder lists; undefined when it is not there. */
async function listedAs(holder: Caller, id: string) {
  const answer = await holder.call(200, 'GET', `${ACCOUNTS}?integration.name=mcp`);
  return { answer, account: (answer.json as { result: Account[] }).result.find((account) => account.id === id) };
}

/** Checks that there is no account at a path, nor anything below it. */
async function missing({ name }: Context, holder: Caller, account: string, ...endpoints: string[]): Promise<void> {
  for (const path of [account, `${account}/tools`, `${account}/mcp`, ...endpoints]) {
    await holder.call(404, 'GET', path);
  }
  await holder.call(404, 'POST', `${account}/mcp`, { body: { name: name('refused') } });
  const { answer, account: found } = await listedAs(holder, account.slice(accountPath('').length));
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
    const answer = await a.holder.call(200, 'GET', account);
    const { created_at: _, updated_at: __, ...rest } = answer.json as Account;
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
    const before = await lasting<Account>(holder, account);
    for (const answer of [
      await holder.call(405, 'PATCH', account, { body: { tenant_id: context.name('changed') } }),
      await holder.call(405, 'DELETE', account),
    ]) {
      same(answer, 'Allow', answer.headers.get('Allow'), 'GET');
    }
    const after = await holder.call(200, 'GET', account);
    const { updated_at: _, ...rest } = after.json as Account;
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
    await a.holder.call(200, 'GET', lost);
    await grant([b.organization]);
    await missing(context, a.holder, account, lost);
    await b.holder.call(200, 'GET', kept);
    await grant([a.organization, b.organization]);
    await a.holder.call(200, 'GET', account);
    const list = await a.holder.call(200, 'GET', `${account}/mcp`);
    same(list, 'the endpoints', (list.json as { result: unknown[] }).result, []);
    await a.holder.call(404, 'GET', lost);
    await b.holder.call(200, 'GET', kept);
  },

  'setSharedServerOrganizations: all are the organizations that there are, and those to come': async (context) => {
    const before = await tenant(context, 'before');
    const { account, grant } = await shared(context, 'for-all');
    await grant('all');
    const endpoint = await createdEndpoint(before.holder, account, { name: context.name('for-all') });
    const after = await tenant(context, 'after');
    await after.holder.call(200, 'GET', account);
    await grant([before.organization]);
    await before.holder.call(200, 'GET', endpoint);
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
    const list = await a.holder.call(200, 'GET', `${account}/mcp`);
    holds(list, list.text.includes(context.name('orphan')), 'a list with the endpoint', list.json);
    await context.operator.call(200, 'DELETE', path);
    await missing(context, a.holder, account, endpoints[0]);
    await missing(context, b.holder, account, endpoints[1]);
  },
});
