import createFetchClient, { type Client, type ClientOptions } from 'openapi-fetch';
import type { paths } from '../generated/api.ts';

export type { components, operations, paths } from '../generated/api.ts';

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
};

/** One method for each of HTTP's, typed by the document: `client.GET('/api/mcp-servers')`. */
export type GatehouseClient = Client<paths>;

/**
 * Makes a client of one server. Headers that a call gives itself win over the credentials given here. A call resolves with
 * `data` or `error`, both typed by the document; it rejects when there is no answer.
 *
 * @example
 * ```ts
 * import { createClient } from 'mcp-gatehouse';
 *
 * const { GATEHOUSE_API_KEY: apiKey, GATEHOUSE_API_SECRET: apiSecret } = process.env;
 * const gatehouse = createClient({ baseUrl: 'https://gatehouse.example.com', apiKey, apiSecret });
 * const { data, error } = await gatehouse.GET('/api/mcp-servers', { params: { query: { search: 'files' } } });
 * console.log(error?.message ?? data?.data.map(({ name }) => name));
 * ```
 */
export function createClient(options: GatehouseClientOptions): GatehouseClient {
  const { apiToken, endpointToken, apiKey, apiSecret, operatorToken, ...rest } = options;
  const client = createFetchClient<paths>(rest);
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
  return client;
}
