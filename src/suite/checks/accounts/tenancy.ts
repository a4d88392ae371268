import type { Caller, Sent } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import {
  ACCOUNTS,
  type Account,
  accountPath,
  createAccount,
  createdEndpoint,
  createdIntegration,
  INTEGRATIONS,
  integrationPath,
  nobody,
  read,
} from './support.ts';

function otherOf({ otherHolder }: Context): Caller {
  if (otherHolder === null) {
    throw new Skipped('no second organization: set GATEHOUSE_OTHER_API_TOKEN');
  }
  return otherHolder;
}

/** One of everything: the paths of an integration, of an account of it, and of an endpoint over that. */
async function world(holder: Caller, name: string) {
  const integrationId = await createdIntegration(holder, { name });
  const account = accountPath(((await createAccount(holder, integrationId, { tenant_id: name })).json as Account).id);
  const endpoint = await createdEndpoint(holder, account, { name });
  return { integrationId, integration: integrationPath(integrationId), account, endpoint };
}

/** The separation of organizations. */
export const tenancyChecks = checks('accounts', {
  "every operation: another organization's integration, account and endpoint do not exist": async (context) => {
    const { holder, name } = context;
    const other = otherOf(context);
    const { integration, account, endpoint } = await world(holder, name('tenancy'));
    const paths = [integration, account, endpoint];
    const before = await Promise.all(paths.map((path) => read(holder, path)));
    const requests: readonly [method: string, path: string, below: string, sent?: Sent][] = [
      ['GET', integration, ''],
      ['GET', integration, '/tools'],
      ['PATCH', integration, '', { body: { name: name('stolen') } }],
      ['DELETE', integration, ''],
      ['GET', account, ''],
      ['GET', account, '/tools'],
      ['GET', account, '/mcp'],
      ['POST', account, '/mcp', { body: { name: name('stolen') } }],
      ['PATCH', account, '', { body: { tenant_id: name('stolen') } }],
      ['DELETE', account, ''],
      ['GET', endpoint, ''],
      ['PATCH', endpoint, '', { body: { name: name('stolen') } }],
      ['DELETE', endpoint, ''],
    ];
    for (const [method, path, below, sent] of requests) {
      const foreign = await other.call(404, method, `${path}${below}`, sent);
      const ids = path.match(/[0-9a-f-]{36}/g) ?? [];
      const unknown = ids.map(() => nobody());
      const swapped = (text: string, from: readonly string[], to: readonly string[]) =>
        from.reduce((changed, id, index) => changed.replaceAll(id, to[index] ?? ''), text);
      const missing = await other.call(404, method, `${swapped(path, ids, unknown)}${below}`, sent);
      const expected = swapped(missing.text, unknown, ids);
      same(foreign, 'the answer for a thing that does not exist:', foreign.text, expected);
    }
    for (const [index, path] of paths.entries()) {
      const answer = await holder.call(200, 'GET', path);
      same(answer, 'the thing as it was:', answer.json, before[index]);
    }
  },

  "createAccount: another organization's integration does not exist": async (context) => {
    const other = otherOf(context);
    const theirs = await createdIntegration(context.holder, { name: context.name('whose') });
    const unknown = nobody();
    const ask = (environment_integration_id: string) =>
      other.call(400, 'POST', ACCOUNTS, {
        body: { tenant_id: 'acme-1', environment_integration_id, authentication_method: 'none' },
      });
    const [foreign, missing] = [await ask(theirs), await ask(unknown)];
    const expected = missing.text.replaceAll(unknown, theirs);
    same(foreign, 'the answer for an integration that does not exist:', foreign.text, expected);
  },

  "listIntegrations, listAccounts: another organization's are not listed": async (context) => {
    const { holder, name } = context;
    const other = otherOf(context);
    const [mine, theirs] = [await world(holder, name('lists')), await world(other, name('lists'))];
    for (const [caller, own] of [
      [holder, mine],
      [other, theirs],
    ] as const) {
      const accounts = await caller.call(200, 'GET', `${ACCOUNTS}?tenant_id=${name('lists')}`);
      const paths = (accounts.json as { result: Account[] }).result.map(({ id }) => accountPath(id));
      same(accounts, 'the one account', paths, [own.account]);
      const byName = await caller.call(200, 'GET', `${ACCOUNTS}?integration.name=${name('lists')}`);
      same(byName, 'the one account', byName.json, accounts.json);
      const integrations = await caller.call(200, 'GET', INTEGRATIONS);
      const listed = (integrations.json as { result: { id: string; name: string }[] }).result;
      const ids = listed.filter((one) => one.name === name('lists')).map(({ id }) => id);
      same(integrations, 'the one integration', ids, [own.integrationId]);
    }
  },
});
