import { expect, test } from 'vitest';
import { createClient, type GatehouseClientOptions } from '../../src/client/client.ts';

const MCP_SERVER = { params: { path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' } } };

/** A client that keeps what it sends instead of sending it. */
function recording(options: Partial<GatehouseClientOptions>) {
  const sent: Request[] = [];
  const client = createClient({
    baseUrl: 'https://gatehouse.example.com/gw',
    fetch: async (request) => {
      sent.push(request);
      return Response.json({});
    },
    ...options,
  });
  const headers = (): Record<string, string> => Object.fromEntries(sent.at(-1)?.headers ?? []);
  return { client, sent, headers };
}

test('credentials go to the API that they belong to, and to no other', async () => {
  const { client, headers } = recording({
    apiToken: 'gat_token',
    apiKey: 'sk_key',
    apiSecret: 's3cr3t_secret',
    operatorToken: 'token',
  });
  await client.GET('/integration');
  expect(headers()).toEqual({ authorization: 'Bearer gat_token' });
  await client.GET('/integrated-account');
  expect(headers()).toEqual({ authorization: 'Bearer gat_token' });
  await client.GET('/api/mcp-servers');
  expect(headers()).toEqual({ 'x-api-key': 'sk_key', 'x-api-secret': 's3cr3t_secret' });
  await client.GET('/admin/api/v1/organizations');
  expect(headers()).toEqual({ authorization: 'Bearer token' });
  await client.GET('/metrics', { parseAs: 'text' });
  expect(headers()).toEqual({ authorization: 'Bearer token' });
  await client.GET('/healthz');
  expect(headers()).toEqual({});
});

test('what is not given is not sent', async () => {
  const { client, headers } = recording({ apiKey: undefined, operatorToken: undefined });
  await client.GET('/api/mcp-servers');
  expect(headers()).toEqual({});
  await client.GET('/admin/api/v1/organizations');
  expect(headers()).toEqual({});
});

test('a header of the call itself wins', async () => {
  const { client, headers } = recording({ operatorToken: 'token' });
  await client.GET('/admin/api/v1/organizations', { headers: { Authorization: 'Bearer another' } });
  expect(headers()).toEqual({ authorization: 'Bearer another' });
});

test('the base URL may hold a path, and the options of openapi-fetch are passed on', async () => {
  const { client, sent, headers } = recording({ headers: { 'X-Request-Id': 'from-the-client' } });
  await client.GET('/api/mcp-servers/{mcpServerId}', MCP_SERVER);
  expect(sent[0]?.url).toBe(
    'https://gatehouse.example.com/gw/api/mcp-servers/mcp_8c180796-e6d7-4343-88b5-5df0846fef69',
  );
  expect(headers()).toEqual({ 'x-request-id': 'from-the-client' });
});
