import { type Credentials, call } from './client.ts';
import type { TestServer } from './server.ts';

/** A server that is registered, and an endpoint over it. */
export type Minted = { readonly serverId: string; readonly id: string; readonly token: string; readonly url: string };

/** Who owns what is made: a key pair and an API token of one organization. */
export type Owner = { readonly pair: Credentials; readonly token: Credentials };
const FIRST: Owner = { pair: 'team', token: 'token' };

/** Registers the server at a URL and mints an endpoint over it, through the API. */
export async function mintOver(
  gateway: Pick<TestServer, 'url'>,
  url: string,
  { config = {}, ...server }: { readonly config?: object } & Readonly<Record<string, unknown>> = {},
  owner = FIRST,
): Promise<Minted> {
  const body = { name: 'Everything', url, approval_policy: 'auto_approve_all', ...server };
  const serverId = (await call(gateway.url, 'createMcpServer', { body, as: owner.pair })).body.data.id as string;
  return { serverId, ...(await mint(gateway, serverId, config, {}, owner)) };
}

/** Mints an endpoint over a server that is registered. */
export async function mint(
  gateway: Pick<TestServer, 'url'>,
  serverId: string,
  config: object = {},
  more: object = {},
  { token: as } = FIRST,
) {
  const path = { integrated_account_id: serverId.slice('mcp_'.length) };
  const { body } = await call(gateway.url, 'createEndpoint', { path, body: { name: 'Minted', config, ...more }, as });
  return body as { readonly id: string; readonly token: string; readonly url: string };
}
