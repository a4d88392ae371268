import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';

/** A counted resource: the rows of a table, or the bytes of some columns. */
export type Counted = {
  readonly table: string;
  readonly resource: string;
  readonly bytesOf?: readonly string[];
  /** Of its triggers, in place of the table's, where that has some already. */
  readonly name?: string;
};

const COUNTED: readonly Counted[] = [
  { table: 'servers', resource: 'servers' },
  { table: 'integrations', resource: 'integrations' },
  { table: 'accounts', resource: 'accounts' },
  { table: 'endpoints', resource: 'endpoints' },
  { table: 'api_tokens', resource: 'credentials' },
  { table: 'key_pairs', resource: 'credentials' },
  { table: 'integration_contents', resource: 'tool_bytes', bytesOf: ['document', 'tools', 'selectors'] },
  { table: 'server_catalogues', resource: 'tool_bytes', bytesOf: ['tools', 'pins'] },
];
const RESOURCES = [...new Set(COUNTED.map(({ resource }) => resource))];

/**
 * The usage of each organization for the quotas, kept by triggers: they also see cascading deletes. If the row of its
 * owner may be deleted first, the row itself names the owner.
 */
export async function usage(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const text = engine === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const table = db.schema
    .createTable('organization_usage')
    .addColumn('organization_id', text, (column) => column.notNull().references('organizations.id').onDelete('cascade'))
    .addColumn('resource', text, (column) => column.notNull())
    .addColumn('used', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('organization_usage_pk', ['organization_id', 'resource']);
  // PostgreSQL leaves room beside each row, so that a new count needs no new entry in the index.
  await table.modifyEnd(engine === 'postgres' ? sql`with (fillfactor = 50)` : sql`without rowid`).execute();

  for (const owned of ['integration_contents', 'server_catalogues']) {
    await db.schema.alterTable(owned).addColumn('organization_id', text).execute();
  }
  await sql`
    update integration_contents set organization_id =
      (select organization_id from integrations where id = integration_contents.integration_id)
  `.execute(db);
  // Null for what belongs to a shared server.
  await sql`
    update server_catalogues set organization_id =
      (select organization_id from servers where id = server_catalogues.server_id)
  `.execute(db);

  for (const resource of RESOURCES) {
    const counts = COUNTED.filter((counted) => counted.resource === resource).map(
      ({ table: source, bytesOf }) =>
        sql`coalesce((select ${total(bytesOf)} from ${sql.table(source)} where organization_id = o.id), 0)`,
    );
    await sql`
      insert into organization_usage (organization_id, resource, used)
      select o.id, ${sql.lit(resource)}, ${sql.join(counts, sql` + `)} from organizations o
    `.execute(db);
  }

  const rows = RESOURCES.map((resource) => sql`(new.id, ${sql.lit(resource)}, 0)`);
  await createTrigger(
    db,
    engine,
    { name: 'usage_of_new_organization', after: sql`insert on organizations`, each: 'row' },
    sql`insert into organization_usage (organization_id, resource, used) values ${sql.join(rows)}`,
  );
  for (const counted of COUNTED) {
    await countFromNowOn(db, engine, counted);
  }
}

/** How much some rows are. */
const total = (bytesOf: Counted['bytesOf']) => (bytesOf === undefined ? sql`count(*)` : sql`sum(${bytesIn(bytesOf)})`);

/** Returns the total bytes of some columns of a row. */
export const bytesIn = (columns: readonly string[], row = '') =>
  sql.raw(columns.map((column) => `coalesce(octet_length(${row}${column}), 0)`).join(' + '));

/** Creates the triggers that count one resource. */
export async function countFromNowOn(
  db: Kysely<unknown>,
  engine: Engine,
  { table, resource, bytesOf, name: named = table }: Counted,
): Promise<void> {
  const events = [
    { event: 'insert', signs: { new: '+' } },
    { event: 'delete', signs: { old: '-' } },
    ...(bytesOf === undefined ? [] : [{ event: 'update', signs: { old: '-', new: '+' } }]),
  ] as const;
  for (const { event, signs } of events) {
    const after = sql`${sql.raw(event)} on ${sql.table(table)}`;
    const name = `usage_of_${named}_${event}`;
    if (engine === 'sqlite') {
      const changes = Object.entries(signs).map(
        ([row, sign]) => sql`${sql.raw(sign)} (${bytesOf === undefined ? sql`1` : bytesIn(bytesOf, `${row}.`)})`,
      );
      const owner = sql.raw(event === 'delete' ? 'old.organization_id' : 'new.organization_id');
      await createTrigger(
        db,
        engine,
        { name, after, each: 'row' },
        sql`update organization_usage set used = used ${sql.join(changes, sql` `)}
          where organization_id = ${owner} and resource = ${sql.lit(resource)}`,
      );
      continue;
    }
    // Once a statement: PostgreSQL would find a row that one transaction updates a thousand times slower each time.
    const changed = Object.entries(signs).map(
      ([row, sign]) =>
        sql`select organization_id, ${sql.raw(sign)} ${total(bytesOf)} as amount from ${sql.raw(`${row}_rows`)} group by 1`,
    );
    await createTrigger(
      db,
      engine,
      { name, after, each: 'statement', rows: Object.keys(signs) },
      sql`update organization_usage u set used = u.used + change.amount
        from (select organization_id, sum(amount) as amount from (${sql.join(changed, sql` union all `)}) changed group by 1)
          change
        where u.organization_id = change.organization_id and u.resource = ${sql.lit(resource)}`,
    );
  }
}

type When = { name: string; after: ReturnType<typeof sql>; each: 'row' | 'statement'; rows?: readonly string[] };

/** Makes a trigger that runs one statement. */
async function createTrigger(
  db: Kysely<unknown>,
  engine: Engine,
  { name, after, each, rows = [] }: When,
  statement: ReturnType<typeof sql>,
): Promise<void> {
  if (engine === 'sqlite') {
    await sql`create trigger ${sql.id(name)} after ${after} for each row begin ${statement}; end`.execute(db);
    return;
  }
  await sql`
    create function ${sql.id(name)}() returns trigger language plpgsql as $$ begin ${statement}; return null; end $$
  `.execute(db);
  const referencing = rows.map((row) => `${row} table as ${row}_rows`).join(' ');
  await sql`
    create trigger ${sql.id(name)} after ${after} ${sql.raw(rows.length > 0 ? `referencing ${referencing}` : '')}
    for each ${sql.raw(each)} execute function ${sql.id(name)}()
  `.execute(db);
}
