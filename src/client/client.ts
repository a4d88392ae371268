import createFetchClient, { type Client, type ClientOptions } from 'openapi-fetch';
import type { paths } from '../../generated/api.ts';
import type { Call, ClientMethod, GatehouseClient } from './calls.ts';
import { retrySafe, type Send } from './retry.ts';

export type { components, operations, paths } from '../../generated/api.ts';
export type { Answer, GatehouseClient } from './calls.ts';
export { GatehouseError, type PagedPath, paginate } from './paginate.ts';

/** What openapi-fetch takes, and the credentials. Each is sent only to the API that it belongs to. */
export type GatehouseClientOptions = ClientOptions & {
  /** Where the server is, such as `https://gatehouse.example.com`; it may hold a path. */
  readonly baseUrl: string;
  /** An API token of an organization, for the Accounts API. */
  readonly apiToken?: string | undefined;
  /** The token of an endpoint, for `/mcp`; otherwise it is the last part of the endpoint's URL. */
  readonly endpointToken?: string | undefined;
  /** The key pair of an organization, for the Servers API. */
  readonly apiKey?: string | undefined;
  readonly apiSecret?: string | undefined;
  /** For the Operator API and the metrics. */
  readonly operatorToken?: string | undefined;
  /** How often a safe request is sent again after a 429, 502, 503 or 504, or no answer; 2 if not given. */
  readonly retries?: number | undefined;
};

const DEFAULT_RETRIES = 2;

/**
 * Makes a client of one server. Headers that a call gives itself win over the credentials given here. A call resolves with
 * `data` or `error`, both typed by the document, and with the `status` that tells errors apart; it rejects when there is
 * no answer.
 *
 * @example
 * ```ts
 * import { createClient } from 'mcp-gatehouse-client';
 *
 * const { GATEHOUSE_API_KEY: apiKey, GATEHOUSE_API_SECRET: apiSecret } = process.env;
 * const gatehouse = createClient({ baseUrl: 'https://gatehouse.example.com', apiKey, apiSecret });
 * const { data, error } = await gatehouse.GET('/api/mcp-servers', { params: { query: { search: 'files' } } });
 * console.log(error?.message ?? data?.data.servers.map(({ name }) => name));
 * ```
 */
export function createClient(options: GatehouseClientOptions): GatehouseClient {
  const { apiToken, endpointToken, apiKey, apiSecret, operatorToken, retries = DEFAULT_RETRIES, ...rest } = options;
  const send: Send = rest.fetch ?? ((request, init) => globalThis.fetch(request, init));
  const client = createFetchClient<paths>({ ...rest, fetch: retrySafe(send, retries) });
  const credentialsFor = (path: string): Record<string, string | undefined> => {
    if (path.startsWith('/api/')) {
      return { 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };
    }
    const isOperators = path.startsWith('/admin/api/') || path === '/metrics';
    const isAccounts = path.startsWith('/integration') || path.startsWith('/integrated-account');
    const isGateways = path === '/mcp';
    const token = isOperators ? operatorToken : isAccounts ? apiToken : isGateways ? endpointToken : undefined;
    return { Authorization: token && `Bearer ${token}` };
  };
  client.use({
    onRequest: ({ request, schemaPath }) => {
      for (const [name, value] of Object.entries(credentialsFor(schemaPath))) {
        if (value && !request.headers.has(name)) {
          request.headers.set(name, value);
        }
      }
    },
  });
  return {
    GET: withStatus(client, 'GET'),
    PUT: withStatus(client, 'PUT'),
    POST: withStatus(client, 'POST'),
    PATCH: withStatus(client, 'PATCH'),
    DELETE: withStatus(client, 'DELETE'),
    use: client.use,
    eject: client.eject,
  };
}

/** A method of openapi-fetch whose result has the status: types narrow by a member of their own only. */
function withStatus<M extends ClientMethod>(client: Client<paths>, method: M): Call<M> {
  const call = client[method] as (path: string, init?: object) => Promise<{ response: Response }>;
  const answer = async (path: string, init?: object) => {
    const result = await call(path, init);
    return { ...result, status: result.response.status };
  };
  return answer as unknown as Call<M>;
}
