import { type Fault, inAnswers, inBody, inResult, jsonOf, when, withJson, withoutHeader } from './fault.ts';

const LIST = /^\/integrated-account(?:\?|$)/;
const ONE = /^\/integrated-account\/[^/?]+$/;
const ENDPOINT = /^\/integrated-account\/[^/?]+\/mcp\/[^/?]+$/;

const IS_ACCOUNT = 'getAccount, listAccounts: a server is an account, under its UUID and by the name mcp';
const IS_READ_ONLY = 'updateAccount, deleteAccount: the account of a server is a 405, and nothing is changed';

/** Faults in the accounts of servers. */
export const SERVER_ACCOUNT_FAULTS: readonly Fault[] = [
  {
    name: 'servers are not among the accounts',
    across: true,
    caughtBy: IS_ACCOUNT,
    plant: inAnswers(
      'GET',
      LIST,
      inResult((accounts) => accounts.filter(({ integration }) => integration.id !== null)),
    ),
  },
  {
    name: 'a server has a tenant',
    across: true,
    caughtBy: IS_ACCOUNT,
    plant: inAnswers(
      'GET',
      ONE,
      inBody((account) => ({ ...account, tenant_id: account.tenant_id ?? 'mcp' })),
    ),
  },
  {
    name: 'a 405 that does not say what is allowed',
    across: true,
    caughtBy: IS_READ_ONLY,
    plant: inAnswers('PATCH', ONE, when(405, withoutHeader('allow'))),
  },
  {
    name: 'what cannot be deleted is not there',
    across: true,
    caughtBy: IS_READ_ONLY,
    plant: inAnswers(
      'DELETE',
      ONE,
      when(405, (came) => withJson(came, 404, { ...jsonOf(came), statusCode: 404, error: 'Not Found' })),
    ),
  },
  {
    name: 'endpoints outlive their server',
    across: true,
    caughtBy: 'deleteMcpServer: its account is gone, with its endpoints',
    plant: () => {
      const seen = new Map<string, string>();
      return async (sent, forward) => {
        const came = await forward(sent);
        if (sent.method !== 'POST' || !/\/mcp$/.test(sent.path) || came.status !== 201) {
          const kept = sent.method === 'GET' && ENDPOINT.test(sent.path) ? seen.get(sent.path) : undefined;
          return came.status === 404 && kept !== undefined ? { ...came, status: 200, body: kept } : came;
        }
        const { token: _, url: __, ...endpoint } = jsonOf(came);
        seen.set(`${sent.path}/${endpoint.id}`, JSON.stringify(endpoint));
        return came;
      };
    },
  },
];
