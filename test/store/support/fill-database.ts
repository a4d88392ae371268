import { Kysely, PostgresDialect, sql as words } from 'kysely';
import { openPool } from '../../../src/store/postgres/pool.ts';
import { createReach } from '../../../src/store/postgres/reach.ts';
import { prepareDatabase } from '../../../src/store/prepare.ts';
import type { Database } from '../../../src/store/schema.ts';
import { openConnection } from '../../../src/store/sqlite/connection.ts';
import { kyselyOn } from '../../../src/store/sqlite/dialect.ts';
import { databaseFile } from '../../../src/store/sqlite/folder.ts';
import type { Db } from '../../../src/store/store.ts';
import { KEY, type Location } from './harness.ts';

const OPTIONS = { secretKeys: [KEY], log: () => undefined, now: Date.now };

/** Fills a new database without a store: stores only work with all migrations. */
export async function fillDatabase(location: Location, fill: (db: Db) => Promise<void>): Promise<void> {
  const [sql, close] = connect(location);
  try {
    const engine = location.kind === 'postgres' ? 'postgres' : 'sqlite';
    const secrets = await prepareDatabase(sql, engine, { ...OPTIONS, location }, async () => undefined);
    const time = () => words<number>`${Date.now()}`;
    await sql.transaction().execute((transaction) => fill({ sql: transaction, secrets, time }));
  } finally {
    await close();
  }
}

function connect(location: Location): [Kysely<Database>, () => Promise<void> | void] {
  if (location.kind === 'postgres') {
    const reach = createReach(location.url, { waitMs: 0, trustMs: 0 });
    const pool = openPool(location.url, reach, () => undefined);
    return [new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), () => pool.end()];
  }
  const session = openConnection(location.kind === 'file' ? databaseFile(location.directory) : ':memory:', 'readWrite');
  return [kyselyOn(session, 'exclusive'), () => session.close()];
}
