import type { OperationId } from '../../../contract/operations.ts';
import type { Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { createdAccountOf, createdEndpoint, createdIntegration, nobody, read, under } from './support.ts';

function otherOf({ otherHolder }: Context): Caller {
  if (otherHolder === null) {
    throw new Skipped('no second organization: set GATEHOUSE_OTHER_API_TOKEN');
  }
  return otherHolder;
}

/** One of everything: the paths of an integration, of an account of it, and of an endpoint over that. */
async function world(holder: Caller, name: string) {
  const integration = { id: await createdIntegration(holder, { name }) };
  const account = await createdAccountOf(holder, integration.id, { tenant_id: name });
  const endpoint = await createdEndpoint(holder, account, { name });
  return { integration, account, endpoint };
}

const APPROVAL = { tool_name: 'stolen', approval_hash: 'a'.repeat(64), auto_approve: true };

/** The separation of organizations. */
export const tenancyChecks = checks('accounts', {
  "every operation: another organization's integration, account and endpoint do not exist": async (context) => {
    const { holder, name } = context;
    const other = otherOf(context);
    const { integration, account, endpoint } = await world(holder, name('tenancy'));
    const readAll = async () => [
      await read(holder, 'integration', integration),
      await read(holder, 'account', account),
      await read(holder, 'endpoint', endpoint),
    ];
    const before = await readAll();
    const body = { name: name('stolen') };
    const requests: readonly [operation: OperationId, path: Readonly<Record<string, string>>, body?: object][] = [
      ['getIntegration', integration],
      ['listIntegrationTools', integration],
      ['updateIntegration', integration, body],
      ['deleteIntegration', integration],
      ['getAccount', account],
      ['listAccountTools', account],
      ['listAccountToolApprovals', account],
      ['addAccountToolApproval', account, APPROVAL],
      ['listEndpoints', under(account)],
      ['createEndpoint', under(account), body],
      ['updateAccount', account, { tenant_id: name('stolen') }],
      ['deleteAccount', account],
      ['getEndpoint', endpoint],
      ['updateEndpoint', endpoint, body],
      ['deleteEndpoint', endpoint],
    ];
    for (const [operation, path, sent] of requests) {
      const foreign = await other.send(404, operation, { path, body: sent });
      const unknown = Object.fromEntries(Object.keys(path).map((key) => [key, nobody()]));
      const missing = await other.send(404, operation, { path: unknown, body: sent });
      const expected = Object.entries(path).reduce(
        (text, [key, id]) => text.replaceAll(unknown[key] ?? '', id),
        missing.text,
      );
      same(foreign, 'the answer for a thing that does not exist:', foreign.text, expected);
    }
    const after = await holder.call(200, 'getEndpoint', { path: endpoint });
    same(after, 'the things as they were:', await readAll(), before);
  },

  "createAccount: another organization's integration does not exist": async (context) => {
    const other = otherOf(context);
    const theirs = await createdIntegration(context.holder, { name: context.name('whose') });
    const unknown = nobody();
    const ask = (environment_integration_id: string) =>
      other.call(400, 'createAccount', {
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
      const accounts = await caller.call(200, 'listAccounts', { query: { tenant_id: name('lists') } });
      const accountIds = accounts.json.result.map(({ id }) => id);
      same(accounts, 'the one account', accountIds, [own.account.id]);
      const byName = await caller.call(200, 'listAccounts', { query: { 'integration.name': name('lists') } });
      same(byName, 'the one account', byName.json, accounts.json);
      const integrations = await caller.call(200, 'listIntegrations');
      const ids = integrations.json.result.filter((one) => one.name === name('lists')).map(({ id }) => id);
      same(integrations, 'the one integration', ids, [own.integration.id]);
    }
  },
});
