import * as integrations from './integrations.ts';
import type { Part } from './keyset.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** One connection to a service. Times are milliseconds since the epoch. */
export type Account = {
  id: string;
  organizationId: string;
  integrationId: string;
  /** The name of its integration. */
  integrationName: string;
  tenantId: string;
  authenticationMethod: string;
  /** Credentials and variables. Sealed at rest. */
  context: Record<string, unknown>;
  status: string;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

export type NewAccount = Omit<Account, 'version' | 'integrationName'>;

/** Which accounts to list, besides which part of the list. */
export type AccountFilter = { tenantId?: string; status?: string; integrationName?: string };

/** Stores a new account, version 1, of an integration that is there. */
export async function insert(db: Db, account: NewAccount): Promise<void> {
  await db.sql
    .insertInto('accounts')
    .values(toRow(db, { ...account, version: 1 }))
    .execute();
}

/** An organization's account, or null. */
export async function find(db: Db, organizationId: string, id: string): Promise<Account | null> {
  const row = await selectAccounts(db)
    .where('accounts.id', '=', id)
    .where('accounts.organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toAccount(db, row) : null;
}

/** A part of an organization's accounts that pass the filter, newest first. */
export async function page(
  db: Db,
  organizationId: string,
  part: Part,
  { tenantId, status, integrationName }: AccountFilter,
): Promise<Account[]> {
  const filter = { ...(tenantId !== undefined && { tenant_id: tenantId }), ...(status !== undefined && { status }) };
  if (integrationName === undefined) {
    const rows = await rowsOf(db, { organization_id: organizationId, ...filter }, part);
    return rows.map((row) => toAccount(db, row));
  }
  // One integration at a time follows an index as deep as the list is. Mostly there is one; names may be shared.
  const ids = await integrations.idsOf(db, organizationId, integrationName);
  const found = await Promise.all(ids.map((id) => rowsOf(db, { integration_id: id, ...filter }, part)));
  const rows = found.flat().toSorted(newestFirst).slice(0, part.limit);
  return rows.map((row) => toAccount(db, row));
}

/** How many accounts an integration has, counted up to `most`. */
export async function countOf(db: Db, integrationId: string, most: number): Promise<number> {
  const rows = await db.sql
    .selectFrom('accounts')
    .select('id')
    .where('integration_id', '=', integrationId)
    .limit(most)
    .execute();
  return rows.length;
}

/**
 * Replaces an account whose version is still `expectedVersion`, and returns it with the next version; null when it has
 * moved on or is gone. Its organization, integration and `createdAt` do not change.
 */
export async function update(db: Db, account: Account, expectedVersion: number): Promise<Account | null> {
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

/** Notes whether the service takes the credentials. That is no change by anybody: the version stays. */
export async function setStatus(db: Db, id: string, status: string): Promise<void> {
  await db.sql.updateTable('accounts').set({ status }).where('id', '=', id).execute();
}

/** Deletes an account with its endpoints. False when there is none. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('accounts')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

type AccountRow = Database['accounts'] & { integration_name: string };

const selectAccounts = (db: Db) =>
  db.sql
    .selectFrom('accounts')
    .innerJoin('integrations', 'integrations.id', 'accounts.integration_id')
    .selectAll('accounts')
    .select('integrations.name as integration_name');

/** The accounts of one organization or one integration, newest first. There is an index for each set of columns. */
async function rowsOf(
  db: Db,
  wanted: ({ organization_id: string } | { integration_id: string }) & { tenant_id?: string; status?: string },
  { before, limit }: Part,
): Promise<AccountRow[]> {
  let select = selectAccounts(db);
  for (const [column, value] of Object.entries(wanted) as [keyof Database['accounts'], string][]) {
    select = select.where(`accounts.${column}`, '=', value);
  }
  if (before) {
    select = select.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('accounts.created_at', 'accounts.id'), '<', tuple(before.at, before.id)),
    );
  }
  return select.orderBy('accounts.created_at', 'desc').orderBy('accounts.id', 'desc').limit(limit).execute();
}

const newestFirst = (a: AccountRow, b: AccountRow): number => b.created_at - a.created_at || (a.id < b.id ? 1 : -1);

const contextOf = (id: string): string => `accounts.context:${id}`;

function toRow(db: Db, account: Omit<Account, 'integrationName'>): Database['accounts'] {
  return {
    id: account.id,
    organization_id: account.organizationId,
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

function toAccount(db: Db, row: AccountRow): Account {
  return {
    id: row.id,
    organizationId: row.organization_id,
    integrationId: row.integration_id,
    integrationName: row.integration_name,
    tenantId: row.tenant_id,
    authenticationMethod: row.authentication_method,
    context: JSON.parse(db.secrets.open(row.context, contextOf(row.id))),
    status: row.status,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
