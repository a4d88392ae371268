import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** Tool calls in a table of their own: there are more of them than of all other events, and they are written all the time. */
export async function toolCalls(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const { schema } = db;

  const table = schema
    .createTable('tool_calls')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('organization_id', text, (column) => column.notNull())
    .addColumn('endpoint_id', 'text', (column) => column.notNull())
    .addColumn('endpoint_name', 'text', (column) => column.notNull())
    .addColumn('tool', 'text', (column) => column.notNull())
    .addColumn('duration_ms', 'double precision', (column) => column.notNull())
    .addColumn('request_bytes', 'bigint', (column) => column.notNull())
    .addColumn('response_bytes', 'bigint', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('arguments', 'text')
    .addColumn('arguments_cut', 'integer', (column) => column.notNull());
  await (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table).execute();
  await schema
    .createIndex('tool_calls_by_organization_id_id')
    .on('tool_calls')
    .columns(['organization_id', 'id'])
    .execute();

  const detail = (name: string, type: string) =>
    engine === 'postgres'
      ? sql`cast(details::json ->> ${sql.lit(name)} as ${sql.raw(type)})`
      : sql`json_extract(details, ${sql.lit(`$.${name}`)})`;
  await sql`
    insert into tool_calls (id, at, organization_id, endpoint_id, endpoint_name, tool,
      duration_ms, request_bytes, response_bytes, reason, arguments, arguments_cut)
    select id, at, organization_id, actor_id, actor_name, target_id,
      ${detail('duration_ms', 'double precision')}, ${detail('request_bytes', 'bigint')}, ${detail('response_bytes', 'bigint')},
      ${detail('reason', 'text')}, ${detail('arguments', 'text')},
      case when ${detail('arguments_cut', 'boolean')} then 1 else 0 end
    from audit_events where action = 'tool.called'
  `.execute(db);
  await sql`delete from audit_events where action = 'tool.called'`.execute(db);
}
