import { type Answer, type Call, call } from './client.ts';
import type { Json } from './json.ts';
import { mint } from './minted.ts';
import { compiledOnce } from './process.ts';
import type { TestServer } from './server.ts';

type Gateway = Pick<TestServer, 'url' | 'organizationId'>;

let names = 0;
/** A name that no other server has. */
export const unique = (): string => `server-${++names}`;

/** The configuration of a server of the SDK as a local process. */
export const stdio = (name: string, more: object = {}) => ({
  name,
  transport: 'stdio',
  command: process.execPath,
  args: [...compiledOnce('test/support/stdio-server.ts'), 'handshake'],
  ...more,
});

/** The configuration of a local process that runs a script. */
export const script = (name: string, source: string) => stdio(name, { args: ['-e', source] });

/** The configuration of a local process that is a server without the SDK. */
export const small = (more: object = {}) =>
  stdio(unique(), { args: compiledOnce('test/support/small-stdio-server.ts'), ...more });

/** Sends what creates a shared server. */
export const create = (gateway: Gateway, mcpServer: object, more: object = {}, call_: Call = {}): Promise<Answer> =>
  call(gateway.url, 'createSharedServer', { body: { name: 'Shared', mcpServer, ...more }, ...call_ });

/** Creates a shared server, which must come up, and answers its id. */
export async function created(gateway: Gateway, mcpServer: object, more: object = {}): Promise<string> {
  const { status, body, text } = await create(gateway, mcpServer, more);
  if (status !== 201 || body.reload.error !== null) {
    throw new Error(text);
  }
  return body.data.id;
}

/** Sends a change of a shared server. */
export const change = (
  gateway: Gateway,
  mcp_id: string,
  body: object,
  headers: Call['headers'] = {},
): Promise<Answer> => call(gateway.url, 'updateSharedServer', { path: { mcp_id }, body, headers });

/** Shares a server with the first organization, and mints an endpoint over it. */
export async function share(gateway: Gateway, mcp_id: string, config: object = {}) {
  const body = { organizations: [gateway.organizationId] };
  await call(gateway.url, 'setSharedServerOrganizations', { path: { mcp_id }, body });
  return mint(gateway, `mcp_${mcp_id}`, config);
}

/** Sets who may mint endpoints over a shared server. */
export const grant = (gateway: Pick<TestServer, 'url'>, mcp_id: string, organizations: unknown): Promise<Answer> =>
  call(gateway.url, 'setSharedServerOrganizations', { path: { mcp_id }, body: { organizations } });

/** An organization, and what it calls the Accounts API with. */
export type Organization = { readonly id: string; readonly as: { readonly apiToken: string } };

/** Makes an organization with an API token. */
export async function anOrganization({ url }: Pick<TestServer, 'url'>): Promise<Organization> {
  const { id } = (await call(url, 'createOrganization', { body: { name: 'Another' } })).body;
  const { token } = (await call(url, 'createApiToken', { path: { org_id: id }, body: { name: 'Test' } })).body;
  return { id, as: { apiToken: token } };
}

/** Mints an endpoint over a shared server as an organization. */
export const mintAs = (gateway: Pick<TestServer, 'url'>, { as }: Organization, mcp_id: string) =>
  mint(gateway, `mcp_${mcp_id}`, {}, {}, { pair: 'nobody', token: as });

/** Calls a tool through an endpoint, as a client without a session, and answers what it says; else what went wrong. */
export async function callTool(
  gateway: Pick<TestServer, 'url'>,
  token: string,
  name: string,
  args: object = {},
): Promise<string> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
  const answer = (await call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body })).body as Json;
  return answer.result?.content[0].text ?? answer.error.message;
}

/** Deletes a shared server. */
export const remove = (gateway: Pick<TestServer, 'url'>, mcp_id: string, headers: Call['headers'] = {}) =>
  call(gateway.url, 'deleteSharedServer', { path: { mcp_id }, headers });

/** How a shared server is stored. */
export const read = (gateway: Pick<TestServer, 'url'>, mcp_id: string): Promise<Answer> =>
  call(gateway.url, 'getSharedServer', { path: { mcp_id } });

/** How a shared server is. */
export const statusOf = async (gateway: Pick<TestServer, 'url'>, id: string): Promise<Json> =>
  (await call(gateway.url, 'getRuntimeStatus')).body.servers.find((server: Json) => server.id === id);
