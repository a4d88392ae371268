import { CompiledQuery } from 'kysely';
import type { Database } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';

/** Rows of one statement: PostgreSQL takes 65,535 parameters, SQLite 32,766. */
const STATEMENT = 500;
/** Rows of one transaction. */
const TRANSACTION = 50_000;
/** Milliseconds between two words about long work. */
const WORD_EVERY = 5000;

/**
 * Inserts `count` rows of a table, many a statement. A full statement is compiled once: that is what would take the time.
 * `report` hears how far it is, every few seconds.
 */
export async function insertMany<T extends keyof Database>(
  store: Store,
  table: T,
  count: number,
  row: (index: number) => Database[T],
  report: (line: string) => void,
): Promise<void> {
  let statement = '';
  let spokeAt = performance.now();
  for (let start = 0; start < count; start += TRANSACTION) {
    await store.write(async (db) => {
      for (let first = start; first < Math.min(start + TRANSACTION, count); first += STATEMENT) {
        const rows = Array.from({ length: Math.min(STATEMENT, count - first) }, (_, index) => row(first + index));
        if (rows.length < STATEMENT || statement === '') {
          const insert = db.sql.insertInto(table).values(rows as never);
          statement = rows.length === STATEMENT ? insert.compile().sql : statement;
          await insert.execute();
        } else {
          await db.sql.executeQuery(CompiledQuery.raw(statement, rows.flatMap(Object.values)));
        }
      }
    });
    if (performance.now() - spokeAt > WORD_EVERY) {
      spokeAt = performance.now();
      report(`${table}: ${Math.min(start + TRANSACTION, count).toLocaleString('en')} of ${count.toLocaleString('en')}`);
    }
  }
}
