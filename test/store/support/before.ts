import { gzipSync } from 'node:zlib';
import type { NewAccount } from '../../../src/store/accounts.ts';
import type { CataloguedTool } from '../../../src/store/catalogues.ts';
import type { NewEndpoint } from '../../../src/store/endpoints.ts';
import type { NewIntegration } from '../../../src/store/integrations.ts';
import type { Database } from '../../../src/store/schema.ts';
import type { NewServer } from '../../../src/store/servers.ts';
import type { Db } from '../../../src/store/store.ts';

/** Inserts a row of a table as an earlier migration has it. */
export async function insertRow(db: Db, table: keyof Database, row: object): Promise<void> {
  await db.sql
    .insertInto(table)
    .values(row as never)
    .execute();
}

/** An organization as it has been since 0001. */
export const organizationRow = (id: string): object => ({
  id,
  name: `Name of ${id}`,
  server_count: 0,
  version: 1,
  created_at: 1000,
  updated_at: 1000,
});

/** A server as it has been since 0001, in its third version. */
export const serverRow = ({ secrets }: Db, server: NewServer): object => ({
  id: server.id,
  organization_id: server.organizationId,
  name: server.name,
  description: server.description,
  url: server.url,
  transport: server.transport,
  request_headers: secrets.seal(JSON.stringify(server.requestHeaders), `servers.request_headers:${server.id}`),
  approval_policy: server.approvalPolicy,
  tags: JSON.stringify(server.tags),
  search_text: 'weather',
  version: 3,
  created_at: server.createdAt,
  updated_at: server.updatedAt,
});

/** The account of a service as it was from 0002 on, in its seventh version. */
export const accountRow = ({ secrets }: Db, account: NewAccount): object => ({
  id: account.id,
  organization_id: account.organizationId,
  integration_id: account.integrationId,
  tenant_id: account.tenantId,
  authentication_method: account.authenticationMethod,
  context: secrets.seal(JSON.stringify(account.context), `accounts.context:${account.id}`),
  status: account.status,
  version: 7,
  created_at: account.createdAt,
  updated_at: account.updatedAt,
});

/** The account of a server as it was from 0003 to 0004. */
export const serverAccountRow = ({ id, organizationId, createdAt }: NewServer): object => ({
  id,
  organization_id: organizationId,
  server_id: id,
  authentication_method: 'none',
  status: 'needs_reauth',
  created_at: createdAt,
});

/** An endpoint as it was from 0002 to 0004. */
export const endpointRow = (endpoint: NewEndpoint): object => ({
  id: endpoint.id,
  account_id: endpoint.accountId,
  name: endpoint.name,
  config: JSON.stringify(endpoint.config),
  token_hash: endpoint.tokenHash,
  expires_at: endpoint.expiresAt,
  created_by: endpoint.createdBy,
  version: 1,
  created_at: endpoint.createdAt,
  updated_at: endpoint.updatedAt,
});

/** An integration as it has been since 0002, in its first version. */
export const integrationRow = (integration: NewIntegration): object => ({
  id: integration.id,
  organization_id: integration.organizationId,
  name: integration.name,
  base_url: integration.baseUrl,
  tool_tags: JSON.stringify(integration.toolTags),
  approval_policy: integration.approvalPolicy,
  tool_count: integration.toolCount,
  skipped: JSON.stringify(integration.skipped),
  service: integration.service,
  version: 1,
  created_at: integration.createdAt,
  updated_at: integration.updatedAt,
});

/** What an integration was made of as it was from 0002 to 0005. */
export const contentsRow = ({ id }: NewIntegration, contents: object): object => ({ integration_id: id, ...contents });

/** The catalogue of a server as it was from 0003 to 0005. */
export const catalogueRow = (serverId: string, tools: readonly CataloguedTool[], seenAt: number): object => ({
  server_id: serverId,
  tools: gzipSync(JSON.stringify(tools)),
  seen_at: seenAt,
  pins: JSON.stringify(Object.fromEntries(tools.map(({ definition, hash }) => [definition.name, hash]))),
});
