import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';
import { bytesIn, type Counted, countFromNowOn } from './0006-usage.ts';

const COLUMNS = ['warnings'];
const TEXTS: Counted = {
  table: 'integrations',
  resource: 'tool_bytes',
  bytesOf: COLUMNS,
  name: 'integration_warnings',
};

/**
 * Integrations know the size of their tools in bytes (null until the tools are made again), and the warnings about
 * their document, which count as their other texts do.
 */
export async function toolSizes(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await db.schema.alterTable('integrations').addColumn('tools_bytes', 'integer').execute();
  await db.schema
    .alterTable('integrations')
    .addColumn('warnings', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await sql`
    update organization_usage set used = used + coalesce(
      (select sum(${bytesIn(COLUMNS)}) from integrations i where i.organization_id = organization_usage.organization_id), 0)
    where resource = 'tool_bytes'
  `.execute(db);
  await countFromNowOn(db, engine, TEXTS);
}
