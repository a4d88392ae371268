import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** What people may do by what an OpenID provider says of them, and the members that each session came from and ends with. */
export async function members(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('members')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('claim', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('organization_id', text, (column) => column.references('organizations.id').onDelete('cascade'))
    .addColumn('permissions', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('members_by_created_at_id').on('members').columns(['created_at', 'id']).execute();
  await schema.createIndex('members_by_claim_value').on('members').columns(['claim', 'value']).execute();
  await schema.createIndex('members_by_organization_id').on('members').column('organization_id').execute();

  await schema
    .createTable('session_members')
    .addColumn('session_id', text, (column) => column.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('member_id', text, (column) => column.notNull().references('members.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('session_members_key', ['session_id', 'member_id'])
    .execute();
  await schema.createIndex('session_members_by_member_id').on('session_members').column('member_id').execute();
  await schema
    .alterTable('sessions')
    .addColumn('member_count', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
