import type { Kysely } from 'kysely';

/** Approved calls count how often their clients answer questions that no approver has seen. */
export async function unseenRounds(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('approval_requests')
    .addColumn('unseen_rounds', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
