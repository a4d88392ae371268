import { readJson } from '../base/read-json.ts';
import { type MemberPermission, readMemberPermission } from '../contract/closed-words.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** Everybody whose claim has a value, and what they may do. `createdAt` is in milliseconds since the epoch. */
export type Member = {
  readonly id: string;
  readonly claim: string;
  readonly value: string;
  /** Null for operators. */
  readonly organizationId: string | null;
  readonly permissions: readonly MemberPermission[];
  readonly createdAt: number;
};

/** Stores a member. */
export async function insert(db: Db, member: Member): Promise<void> {
  await db.sql
    .insertInto('members')
    .values({
      id: member.id,
      claim: member.claim,
      value: member.value,
      organization_id: member.organizationId,
      permissions: JSON.stringify(member.permissions),
      created_at: member.createdAt,
    })
    .execute();
}

/** Returns all members, oldest first, ties by id. */
export async function list(db: Db): Promise<Member[]> {
  const rows = await db.sql.selectFrom('members').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map(toMember);
}

/** Returns the members with one of these values of a claim, oldest first, ties by id. */
export async function listByClaim(db: Db, claim: string, values: readonly string[]): Promise<Member[]> {
  if (values.length === 0) {
    return [];
  }
  const rows = await db.sql
    .selectFrom('members')
    .selectAll()
    .where('claim', '=', claim)
    .where('value', 'in', values)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(toMember);
}

/** Returns the claims that members are known by. */
export async function listClaims(db: Db): Promise<string[]> {
  const rows = await db.sql.selectFrom('members').select('claim').distinct().orderBy('claim').execute();
  return rows.map(({ claim }) => claim);
}

/** Returns the member with that id, or null. */
export async function find(db: Db, id: string): Promise<Member | null> {
  const row = await db.sql.selectFrom('members').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toMember(row) : null;
}

/** Deletes a member. Returns false if there is none. */
export async function remove(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql.deleteFrom('members').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Returns what a row holds. */
export const toMember = (row: Database['members']): Member => ({
  id: row.id,
  claim: row.claim,
  value: row.value,
  organizationId: row.organization_id,
  permissions: (readJson(row.permissions) as string[]).map((word) => readMemberPermission(word, 'members', row.id)),
  createdAt: row.created_at,
});
