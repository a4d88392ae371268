import { type AccountStatus, type AuthenticationMethod, readAuthenticationMethod } from '../contract/closed-words.ts';
import {
  type Account,
  type AccountFacts,
  type AccountRow,
  type NewAccount,
  SERVER_ACCOUNT_COLUMNS,
  type ServiceAccount,
  selectAccounts,
  toAccount,
  toRow,
} from './account-rows.ts';
import * as integrations from './integrations.ts';
import type { ListPart } from './keyset.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

export type { Account, NewAccount, ServerAccount, ServiceAccount } from './account-rows.ts';

/** The name of the integration of every server's account. */
export const SERVERS_INTEGRATION = 'mcp';

/** The filter of a list of accounts. */
export type AccountFilter = { tenantId?: string; status?: AccountStatus; integrationName?: string };

/** Stores a new account of a service, version 1. The integration must exist. */
export async function insert(db: Db, account: NewAccount): Promise<void> {
  await db.sql
    .insertInto('accounts')
    .values(toRow(db, { ...account, version: 1 }))
    .execute();
}

/** Stores the account of an existing server. It is deleted with the server. */
export async function insertOfServer(
  db: Db,
  { id, organizationId, createdAt }: { id: string; organizationId: string; createdAt: number },
): Promise<void> {
  const own = { organization_id: organizationId, id, server_id: id, created_at: createdAt };
  await db.sql
    .insertInto('accounts')
    .values({ ...own, ...SERVER_ACCOUNT_COLUMNS })
    .execute();
}

/** Returns an organization's account, or null. */
export async function find(db: Db, organizationId: string, id: string): Promise<Account | null> {
  const row = await selectAccounts(db)
    .where('accounts.id', '=', id)
    .where('accounts.organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toAccount(db, row) : null;
}

/**
 * Returns a part of an organization's accounts that match the filter, newest first. Accounts of servers have no tenant.
 */
export async function page(
  db: Db,
  organizationId: string,
  part: ListPart,
  { tenantId, status, integrationName }: AccountFilter,
): Promise<Account[]> {
  const filter = { ...(tenantId !== undefined && { tenant_id: tenantId }), ...(status !== undefined && { status }) };
  if (integrationName === undefined) {
    const rows = await rowsOf(db, { organization_id: organizationId, ...filter }, part);
    return rows.map((row) => toAccount(db, row));
  }
  // One integration at a time follows an index as deep as the list is. Mostly there is one; names may be shared.
  const ids = await integrations.idsOf(db, organizationId, integrationName);
  const lists = ids.map((id) => rowsOf(db, { integration_id: id, ...filter }, part));
  if (integrationName === SERVERS_INTEGRATION && tenantId === undefined) {
    lists.push(rowsOf(db, { organization_id: organizationId, ...filter }, part, 'of servers'));
  }
  const rows = (await Promise.all(lists)).flat().toSorted(newestFirst).slice(0, part.limit);
  return rows.map((row) => toAccount(db, row));
}

/** Returns the number of accounts of an integration, counted up to `most`. */
export async function countOf(db: Db, integrationId: string, most: number): Promise<number> {
  const rows = await db.sql
    .selectFrom('accounts')
    .select('id')
    .where('integration_id', '=', integrationId)
    .limit(most)
    .execute();
  return rows.length;
}

/** The kinds of secrets that an account has. */
export type SecretKinds = { readonly method: AuthenticationMethod; readonly hasFixedValues: boolean };

/** Returns the kinds of secrets of an integration's accounts, each once. */
export async function secretKindsOf(db: Db, integrationId: string): Promise<SecretKinds[]> {
  const rows = await db.sql
    .selectFrom('accounts')
    .select(['authentication_method', 'has_fixed_values'])
    .distinct()
    .where('integration_id', '=', integrationId)
    .execute();
  return rows.map(({ authentication_method, has_fixed_values }) => ({
    method: readAuthenticationMethod(authentication_method, 'accounts of integration', integrationId),
    hasFixedValues: has_fixed_values === 1,
  }));
}

/**
 * Replaces an account of a service if its version is still `expectedVersion`, and returns it with the next version;
 * returns null if it was changed or deleted. Its organization, integration and `createdAt` do not change.
 */
export async function update(db: Db, account: ServiceAccount, expectedVersion: number): Promise<ServiceAccount | null> {
  const updated = { ...account, version: expectedVersion + 1 };
  const { id, organization_id, integration_id, created_at, ...changes } = toRow(db, updated);
  const { numUpdatedRows } = await db.sql
    .updateTable('accounts')
    .set(changes)
    .where('id', '=', id)
    .where('organization_id', '=', organization_id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n ? updated : null;
}

/**
 * Stores whether the service or server accepts the credentials; only for an account of the given version, if there is
 * one. The version stays, because this is not a change by a user.
 */
export async function setStatus(
  db: Db,
  { organizationId, id, status }: Pick<AccountFacts, 'organizationId' | 'id' | 'status'>,
  version?: number,
): Promise<void> {
  const update = db.sql
    .updateTable('accounts')
    .set({ status })
    .where('id', '=', id)
    .where('organization_id', '=', organizationId);
  await (version === undefined ? update : update.where('version', '=', version)).execute();
}

/** Deletes an account of a service with its endpoints. Returns false if there is none. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('accounts')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .where('integration_id', 'is not', null)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** The accounts of one organization or one integration, newest first. There is an index for each set of columns. */
async function rowsOf(
  db: Db,
  wanted: ({ organization_id: string } | { integration_id: string }) & { tenant_id?: string; status?: string },
  { before, limit }: ListPart,
  only?: 'of servers',
): Promise<AccountRow[]> {
  let select = selectAccounts(db);
  for (const [column, value] of Object.entries(wanted) as [keyof Database['accounts'], string][]) {
    select = select.where(`accounts.${column}`, '=', value);
  }
  if (only) {
    select = select.where('accounts.integration_id', 'is', null);
  }
  if (before) {
    select = select.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('accounts.created_at', 'accounts.id'), '<', tuple(before.at, before.id)),
    );
  }
  return select.orderBy('accounts.created_at', 'desc').orderBy('accounts.id', 'desc').limit(limit).execute();
}

const newestFirst = (a: AccountRow, b: AccountRow): number => b.created_at - a.created_at || (a.id < b.id ? 1 : -1);
