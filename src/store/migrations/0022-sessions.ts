import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** People who are signed in, with the credentials that each session came from and ends with. */
export async function sessions(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('sessions')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('token_hash', text, (column) => column.notNull().unique())
    .addColumn('subject', text, (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('organization_id', text, (column) => column.references('organizations.id').onDelete('cascade'))
    .addColumn('key_pair_id', text, (column) => column.references('key_pairs.id').onDelete('cascade'))
    .addColumn('api_token_id', text, (column) => column.references('api_tokens.id').onDelete('cascade'))
    .addColumn('operator_token_hash', text)
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  for (const columns of [['subject', 'created_at', 'id'], ['organization_id'], ['key_pair_id'], ['api_token_id']]) {
    await schema
      .createIndex(`sessions_by_${columns.join('_')}`)
      .on('sessions')
      .columns(columns)
      .execute();
  }
}
