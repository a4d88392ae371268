import type { Account, NewAccount } from './accounts.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** An account with what its integration or server says of it. */
export type AccountRow = Database['accounts'] & {
  integration_name: string | null;
  server_version: number | null;
  server_updated_at: number | null;
};

/** Accounts of both kinds, each with what belongs to it in other tables. */
export const selectAccounts = (db: Db) =>
  db.sql
    .selectFrom('accounts')
    .leftJoin('integrations', 'integrations.id', 'accounts.integration_id')
    .leftJoin('servers', 'servers.id', 'accounts.server_id')
    .selectAll('accounts')
    .select('integrations.name as integration_name')
    .select(['servers.version as server_version', 'servers.updated_at as server_updated_at']);

const contextOf = (id: string): string => `accounts.context:${id}`;

/** The row of a service's account, its context sealed. */
export function toRow(db: Db, account: NewAccount & { version: number }): Database['accounts'] {
  return {
    id: account.id,
    organization_id: account.organizationId,
    server_id: null,
    integration_id: account.integrationId,
    tenant_id: account.tenantId,
    authentication_method: account.authenticationMethod,
    context: db.secrets.seal(JSON.stringify(account.context), contextOf(account.id)),
    status: account.status,
    version: account.version,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

/** The account in a row, which has the columns of its kind. */
export function toAccount(db: Db, row: AccountRow): Account {
  const { id, organization_id: organizationId, status, created_at: createdAt } = row;
  if (row.server_id !== null) {
    return {
      kind: 'server',
      id,
      organizationId,
      serverId: row.server_id,
      status,
      version: row.server_version as number,
      createdAt,
      updatedAt: row.server_updated_at as number,
    };
  }
  return {
    kind: 'service',
    id,
    organizationId,
    integrationId: row.integration_id as string,
    integrationName: row.integration_name as string,
    tenantId: row.tenant_id as string,
    authenticationMethod: row.authentication_method,
    context: JSON.parse(db.secrets.open(row.context as string, contextOf(id))),
    status,
    version: row.version as number,
    createdAt,
    updatedAt: row.updated_at as number,
  };
}
