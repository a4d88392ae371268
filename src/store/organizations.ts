import * as catalogues from './catalogues.ts';
import * as grants from './grants.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';
import * as usage from './usage.ts';

/** A tenant. Times are milliseconds since the epoch. */
export type Organization = {
  id: string;
  name: string;
  /** The number of its servers, kept by `servers.insert` and `servers.remove`. */
  serverCount: number;
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** An organization, before it is stored. */
export type NewOrganization = Omit<Organization, 'serverCount' | 'version'>;

/** Stores a new organization, version 1, and returns it. It has only the servers that are shared with all. */
export async function insert(db: Db, organization: NewOrganization): Promise<Organization> {
  const { id, name, createdAt, updatedAt } = organization;
  await db.sql
    .insertInto('organizations')
    .values({ id, name, server_count: 0, version: 1, created_at: createdAt, updated_at: updatedAt })
    .execute();
  await grants.shareWithNew(db, { id, createdAt });
  return { id, name, serverCount: 0, version: 1, createdAt, updatedAt };
}

/** Returns the organization with that id, or null. */
export async function find(db: Db, id: string): Promise<Organization | null> {
  const row = await db.sql.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toOrganization(row) : null;
}

/** Returns every organization, oldest first, ties by id. */
export async function list(db: Db): Promise<Organization[]> {
  const rows = await db.sql.selectFrom('organizations').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map(toOrganization);
}

/**
 * Deletes an organization with its credentials, integrations, servers, accounts and all their dependent objects. Its
 * audit events and the servers that were shared with it stay. Returns false if there is no such organization.
 */
export async function remove(db: Db, id: string): Promise<boolean> {
  // First, so that nothing is counted off one by one that goes away as a whole.
  await usage.forget(db, id);
  await catalogues.removeOf(db, id);
  const { numDeletedRows } = await db.sql.deleteFrom('organizations').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Returns the number of organizations. */
export async function count(db: Db): Promise<number> {
  const row = await db.sql
    .selectFrom('organizations')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

function toOrganization(row: Database['organizations']): Organization {
  return {
    id: row.id,
    name: row.name,
    serverCount: row.server_count,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
