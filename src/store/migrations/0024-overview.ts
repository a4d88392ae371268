import { type Kysely, sql } from 'kysely';
import { DAY_MS } from '../../base/instants.ts';
import type { Engine } from '../store.ts';

/** The tool calls of each organization, counted by days, and indexes of what expires. */
export async function overview(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  await schema
    .createTable('call_days')
    .addColumn('organization_id', text, (column) => column.notNull())
    .addColumn('day', 'bigint', (column) => column.notNull())
    .addColumn('calls', 'bigint', (column) => column.notNull())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('call_days_key', ['organization_id', 'day'])
    .execute();
  await schema.createIndex('call_days_by_day').on('call_days').column('day').execute();

  const dayOf = sql`at - at % ${sql.lit(DAY_MS)}`;
  const total = (name: string) =>
    engine === 'postgres'
      ? sql`cast(details::json ->> ${sql.lit(name)} as bigint)`
      : sql`json_extract(details, ${sql.lit(`$.${name}`)})`;
  await sql`
    insert into call_days (organization_id, day, calls, failures)
    select organization_id, day, sum(coalesce(calls, 0)), sum(coalesce(failures, 0)) from (
      select organization_id, ${dayOf} as day, count(*) as calls, count(reason) as failures from tool_calls group by 1, 2
      union all
      select organization_id, at, ${total('calls')}, ${total('failures')} from audit_events where action = 'tool.called_daily'
    ) counted group by organization_id, day
  `.execute(db);

  const indexes: [table: string, columns: string[]][] = [
    ['endpoints', ['organization_id', 'expires_at', 'id']],
    ['api_tokens', ['expires_at']],
    ['key_pairs', ['expires_at']],
  ];
  for (const [table, columns] of indexes) {
    await schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .where(sql.raw<boolean>('expires_at is not null'))
      .execute();
  }
}
