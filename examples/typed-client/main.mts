import { createClient, GatehouseError, paginate } from 'mcp-gatehouse-client';

const {
  GATEHOUSE_URL = 'http://127.0.0.1:8080',
  GATEHOUSE_API_TOKEN,
  GATEHOUSE_API_KEY,
  GATEHOUSE_API_SECRET,
} = process.env;

const gatehouse = createClient({
  baseUrl: GATEHOUSE_URL,
  apiToken: GATEHOUSE_API_TOKEN,
  apiKey: GATEHOUSE_API_KEY,
  apiSecret: GATEHOUSE_API_SECRET,
});

/** Registers a server, and returns the id that it has as an account. */
async function register(name: string, url: string): Promise<string> {
  const { status, data, error } = await gatehouse.POST('/api/mcp-servers', { body: { name, url } });
  if (status === 201) {
    return data.data.id.replace('mcp_', '');
  }
  throw new Error(`The server is not registered (${status}): ${JSON.stringify(error)}`);
}

/** Creates an endpoint over an account, for one hour, and returns its URL. Whoever has the URL can use it. */
async function mint(accountId: string): Promise<string> {
  const { status, data, error } = await gatehouse.POST('/integrated-account/{integrated_account_id}/mcp', {
    params: { path: { integrated_account_id: accountId } },
    body: { name: 'For one hour', expires_at: new Date(Date.now() + 3_600_000).toISOString() },
  });
  if (status === 201) {
    return data.url;
  }
  throw new Error(`The endpoint is not created (${status}): ${JSON.stringify(error)}`);
}

try {
  const accountId = await register('Files', 'https://files.example.com/mcp');
  console.log(`Endpoint: ${await mint(accountId)}`);
  for await (const { id, display_name } of paginate(gatehouse, '/integrated-account')) {
    console.log(`Account:  ${id} ${display_name}`);
  }
} catch (error) {
  // A page of the list was refused.
  console.error(error instanceof GatehouseError ? `${error.status}: ${JSON.stringify(error.error)}` : error);
  process.exitCode = 1;
}
