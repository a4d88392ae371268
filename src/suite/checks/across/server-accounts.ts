import { type Context, checks } from '../../check.ts';
import { bearer, keyPair } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { createdEndpoint, lasting, under } from '../accounts/support.ts';
import { created as createdOrganization, createdPair, createdToken } from '../operator/support.ts';
import { created } from '../servers/support.ts';

/** A new organization's server: its path, the path of its account, and who may ask for them. */
async function servedTenant({ operator, name, as }: Context) {
  const organization = await createdOrganization(operator, name('tenant'));
  const { apiKey, apiSecret } = await createdPair(operator, organization, { name: name('pair') });
  const { token } = await createdToken(operator, organization, { name: name('token') });
  const team = as(keyPair(apiKey, apiSecret));
  const server = await created(team, { name: name('account') });
  const uuid = server.mcpServerId.slice('mcp_'.length);
  return { team, holder: as(bearer(token, '$NEW_TOKEN')), server, uuid, account: { id: uuid } };
}

/** The effects of a team's servers on the Accounts API. */
export const serverAccountChecks = checks('all', {
  'getAccount, listAccounts: a server is an account, under its UUID and by the name mcp': async (context) => {
    const { team, holder, server, uuid, account } = await servedTenant(context);
    const answer = await holder.call(200, 'getAccount', { path: account });
    const { created_at: _, updated_at: __, ...rest } = answer.json;
    same(answer, 'the account', rest, {
      id: uuid,
      tenant_id: null,
      display_name: context.name('account'),
      environment_integration_id: null,
      integration: { id: null, name: 'mcp' },
      authentication_method: 'none',
      status: 'active',
    });
    const lists = [
      [{}, [answer.json]],
      [{ 'integration.name': 'mcp' }, [answer.json]],
      [{ 'integration.name': 'petstore' }, []],
      [{ tenant_id: 'mcp' }, []],
    ] as const;
    for (const [query, accounts] of lists) {
      const list = await holder.call(200, 'listAccounts', { query });
      // Beside those of servers that the operator shares with everybody.
      const own = list.json.result.filter(({ id }) => id === uuid);
      same(list, 'the account', own, accounts);
    }
    await team.call(200, 'updateMcpServer', { path: server, body: { name: context.name('renamed') } });
    const renamed = await holder.call(200, 'getAccount', { path: account });
    same(renamed, 'display_name', renamed.json.display_name, context.name('renamed'));
  },

  'updateAccount, deleteAccount: the account of a server is a 405, and nothing is changed': async (context) => {
    const { holder, account } = await servedTenant(context);
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

  'deleteMcpServer: its account is gone, with its endpoints': async (context) => {
    const { team, holder, server, account } = await servedTenant(context);
    const endpoint = await createdEndpoint(holder, account, { name: context.name('served') });
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    holds(list, list.text.includes(context.name('served')), 'a list with the endpoint', list.json);
    await team.call(200, 'deleteMcpServer', { path: server });
    await holder.call(404, 'getAccount', { path: account });
    await holder.call(404, 'getEndpoint', { path: endpoint });
    await holder.call(404, 'listAccountTools', { path: account });
    await holder.call(404, 'listEndpoints', { path: under(account) });
  },
});
