import { type Context, checks } from '../../check.ts';
import { bearer } from '../../credentials.ts';
import { requireCredentials } from '../../deployment.ts';
import { holds, same } from '../../expect.ts';
import { createdAccountOf, createdIntegration, createEndpoint, under } from '../accounts/support.ts';
import { examplePath, operationsIn } from '../documented.ts';
import { events } from '../operator/audit.ts';
import { created as createdOrganization, createdToken } from '../operator/support.ts';
import { endsInTime } from './expiry.ts';

/** An organization, and a maker of API tokens for it. */
async function tenant({ operator, name, as }: Context) {
  const path = await createdOrganization(operator, name('tenant'));
  const holder = async () => {
    const made = await createdToken(operator, path, { name: name('token') });
    return { ...made, caller: as(bearer(made.token, '$NEW_TOKEN')) };
  };
  return { path, organization: path.org_id, holder };
}

/** The effects of the operator's API tokens on the Accounts API, and the reverse. */
export const tokenChecks = checks('all', {
  'deleteApiToken: the token is refused at once, the others are not': async (context) => {
    const { path, holder } = await tenant(context);
    const [gone, kept] = [await holder(), await holder()];
    await gone.caller.call(200, 'listAccounts');
    await context.operator.call(200, 'deleteApiToken', { path: { ...path, id: gone.id } });
    await gone.caller.call(401, 'listAccounts');
    await kept.caller.call(200, 'listAccounts');
  },

  'permissions: a token without approvals loosens nothing, and one without accounts reads nothing': async (context) => {
    const { path, holder } = await tenant(context);
    const { caller } = await holder();
    const agent = await createdIntegration(caller, { name: context.name('default') });
    const strict = { name: context.name('strict'), approval_policy: 'require_approval_all' } as const;
    const integration = { id: await createdIntegration(caller, strict) };
    const loosened = { approval_policy: 'auto_approve_read_only' } as const;
    const answer = await caller.call(403, 'updateIntegration', {
      path: integration,
      body: { name: context.name('loose'), ...loosened },
    });
    holds(answer, answer.text.includes('approvals'), 'an error that names the permission approvals', answer.json);
    const account = await createdAccountOf(caller, integration.id);
    const body = { tool_name: 'x', approval_hash: 'a'.repeat(64), auto_approve: true };
    await caller.call(403, 'addAccountToolApproval', { path: account, body });
    await caller.call(403, 'removeAccountToolApproval', { path: { ...account, tool_name: 'x' } });
    const after = await caller.call(200, 'getIntegration', { path: integration });
    const { name, approval_policy } = after.json;
    same(after, 'the integration as it was', { name, approval_policy }, strict);
    await caller.call(200, 'updateIntegration', {
      path: { id: agent },
      body: { approval_policy: 'require_approval_all' },
    });
    const person = await createdToken(context.operator, path, {
      name: context.name('person'),
      permissions: ['accounts', 'approvals'],
    });
    await context
      .as(bearer(person.token, '$NEW_TOKEN'))
      .call(200, 'updateIntegration', { path: integration, body: loosened });
    const approver = await createdToken(context.operator, path, {
      name: context.name('approver'),
      permissions: ['approvals'],
    });
    const as = context.as(bearer(approver.token, '$NEW_TOKEN'));
    for (const operation of operationsIn('accounts', context.operations)) {
      await as.send(403, operation.id, { path: examplePath(operation) });
    }
  },

  'createApiToken: a token is refused from expiresAt on': async (context) => {
    const { path, holder } = await tenant(context);
    const { createdAt } = await holder();
    const answer = await endsInTime(context, 'createApiToken', path, createdAt);
    const { token } = answer.json;
    await context.as(bearer(token, '$NEW_TOKEN')).call(401, 'listAccounts');
  },

  'deleteOrganization: its tokens are refused at once': async (context) => {
    const { path, holder } = await tenant(context);
    const { caller } = await holder();
    const integration = { id: await createdIntegration(caller, { name: context.name('orphan') }) };
    await context.operator.call(200, 'deleteOrganization', { path });
    await caller.call(401, 'listAccounts');
    await caller.call(401, 'getIntegration', { path: integration });
  },

  'every operation: the credentials of another API are a 401': async ({ holder, team, operator }) => {
    for (const caller of [team, operator]) {
      await caller.call(401, 'listAccounts');
    }
    await holder.call(401, 'listMcpServers');
    requireCredentials(operator);
    await holder.call(401, 'listOrganizations');
  },

  'listAuditEvents: what a holder does is there, by their token, without secrets': async (context) => {
    const { organization, holder } = await tenant(context);
    const { caller, id } = await holder();
    const integration = await createdIntegration(caller, { name: context.name('audited') });
    const secret = context.name('secret-key');
    const credentials = { authentication_method: 'api_key', context: { api_key: secret } } as const;
    const account = await createdAccountOf(caller, integration, credentials);
    const minted = await createEndpoint(caller, account, { name: context.name('audited') });
    const { id: endpoint, token, created_by } = minted.json;
    same(minted, 'created_by, the id of the token,', created_by, id);
    const path = { ...under(account), id: endpoint };
    await caller.call(200, 'updateEndpoint', { path, body: { name: context.name('renamed') } });
    await caller.call(200, 'deleteEndpoint', { path });
    const body = { context: { api_key: `${secret}-new` } };
    await caller.call(200, 'updateAccount', { path: account, body });
    await caller.call(200, 'deleteAccount', { path: account });
    await caller.call(200, 'updateIntegration', { path: { id: integration }, body: { tool_tags: { pets: ['crm'] } } });
    await caller.call(200, 'deleteIntegration', { path: { id: integration } });
    const { data, answer } = await events(context.operator, { organization });
    const own = data.filter(({ actor }) => actor.kind === 'api_token' && actor.id === id).toReversed();
    same(
      answer,
      'the actions of the token and their targets, oldest first,',
      own.map(({ action, target }) => [action, target.id]),
      [
        ['integration.created', integration],
        ['account.created', account.id],
        ['endpoint.created', endpoint],
        ['endpoint.updated', endpoint],
        ['endpoint.deleted', endpoint],
        ['account.updated', account.id],
        ['account.deleted', account.id],
        ['integration.updated', integration],
        ['integration.deleted', integration],
      ],
    );
    const told = [secret, token].some((word) => answer.text.includes(word));
    holds(answer, !told, 'events without secrets', 'an API key, or the token of an endpoint');
  },
});
