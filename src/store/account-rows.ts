import { readJson } from '../base/read-json.ts';
import {
  type AccountStatus,
  type AuthenticationMethod,
  readAccountStatus,
  readAuthenticationMethod,
} from '../contract/closed-words.ts';
import type { Database } from './schema.ts';
import { SEALED } from './sealed.ts';
import type { Db } from './store.ts';

/** An account, which has tools. Times are milliseconds since the epoch. */
export type Account = ServiceAccount | ServerAccount;

/** The facts that all accounts have. */
export type AccountFacts = {
  /** Unique within the organization: a shared server is an account of several organizations, under its own id. */
  id: string;
  organizationId: string;
  status: AccountStatus;
  /** Grows by one with every update; a server's account has the version of the server. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** One connection to a service. */
export type ServiceAccount = AccountFacts & {
  kind: 'service';
  integrationId: string;
  /** The name of its integration. */
  integrationName: string;
  tenantId: string;
  authenticationMethod: AuthenticationMethod;
  /** Credentials, variables, and what goes with every request. Sealed at rest. */
  context: Record<string, unknown>;
  /**
   * Credentials go where each operation demands them. False for accounts that were made before operations counted: where
   * the document as a whole says.
   */
  isByOperation: boolean;
};

/** A server as an account, under the same id. It has no credentials of its own, and changes with the server only. */
export type ServerAccount = AccountFacts & {
  kind: 'server';
  serverId: string;
  serverName: string;
  /** Whether the operator shares the server; false for the organization's own servers. */
  isShared: boolean;
};

/** An account of a service, before it is stored. */
export type NewAccount = Omit<ServiceAccount, 'kind' | 'version' | 'integrationName'>;

/** An account with the columns of its integration or server. */
export type AccountRow = Database['accounts'] & {
  integration_name: string | null;
  server_version: number | null;
  server_name: string | null;
  server_updated_at: number | null;
};

/** Selects accounts of all kinds, each with its columns in other tables. */
export const selectAccounts = (db: Db) =>
  db.sql
    .selectFrom('accounts')
    .leftJoin('integrations', 'integrations.id', 'accounts.integration_id')
    .leftJoin('servers', 'servers.id', 'accounts.server_id')
    .leftJoin('shared_servers', 'shared_servers.id', 'accounts.shared_server_id')
    .selectAll('accounts')
    .select(({ fn }) => [
      'integrations.name as integration_name',
      fn.coalesce('servers.name', 'shared_servers.name').as('server_name'),
      fn.coalesce('servers.version', 'shared_servers.version').as('server_version'),
      fn.coalesce('servers.updated_at', 'shared_servers.updated_at').as('server_updated_at'),
    ]);

/** The initial columns of every account of a server. */
export const SERVER_ACCOUNT_COLUMNS = { authentication_method: 'none', status: 'active' } as const satisfies {
  authentication_method: AuthenticationMethod;
  status: AccountStatus;
};

/** Makes the row of a service's account, with sealed context. */
export function toRow(db: Db, account: NewAccount & { version: number }): Database['accounts'] {
  return {
    organization_id: account.organizationId,
    id: account.id,
    server_id: null,
    shared_server_id: null,
    integration_id: account.integrationId,
    tenant_id: account.tenantId,
    authentication_method: account.authenticationMethod,
    context: db.secrets.seal(JSON.stringify(account.context), SEALED.accountContext.contextOf(account.id)),
    is_by_operation: account.isByOperation ? 1 : 0,
    has_fixed_values: hasFixedValues(account.context) ? 1 : 0,
    status: account.status,
    version: account.version,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

/** Whether a context adds headers or query parameters to requests, which may be secrets. */
const hasFixedValues = ({ headers, query }: Record<string, unknown>): boolean =>
  [headers, query].some((values) => Object.keys(values ?? {}).length > 0);

/** Makes an account from a row with the columns of its kind. */
export function toAccount(db: Db, row: AccountRow): Account {
  const { id, organization_id: organizationId, created_at: createdAt } = row;
  const status = readAccountStatus(row.status, 'accounts', id);
  const serverId = row.server_id ?? row.shared_server_id;
  if (serverId !== null) {
    return {
      kind: 'server',
      id,
      organizationId,
      serverId,
      serverName: row.server_name as string,
      isShared: row.shared_server_id !== null,
      status,
      version: row.server_version as number,
      createdAt,
      // The operator may have shared it later.
      updatedAt: Math.max(createdAt, row.server_updated_at as number),
    };
  }
  return {
    kind: 'service',
    id,
    organizationId,
    integrationId: row.integration_id as string,
    integrationName: row.integration_name as string,
    tenantId: row.tenant_id as string,
    authenticationMethod: readAuthenticationMethod(row.authentication_method, 'accounts', id),
    context: readJson(
      db.secrets.open(row.context as string, SEALED.accountContext.contextOf(id)),
    ) as ServiceAccount['context'],
    isByOperation: row.is_by_operation === 1,
    status,
    version: row.version as number,
    createdAt,
    updatedAt: row.updated_at as number,
  };
}
