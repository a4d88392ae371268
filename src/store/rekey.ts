import { type Kysely, type RawBuilder, sql } from 'kysely';
import { SEALED, type SealedColumn } from './sealed.ts';
import { KEY_ID_DIGITS } from './secrets.ts';
import type { Db, Store } from './store.ts';

/** How many values are sealed anew in one write. */
const SLICE_ROWS = 256;

/** The result of `reseal`. */
export type Resealed = {
  readonly count: number;
  /** The contexts of values that no key opens. They stay unchanged. */
  readonly unopened: readonly string[];
  /** False when it ended early. */
  readonly isComplete: boolean;
};

/**
 * Seals every value again that another key than the store's first one has sealed, in slices, each durable before the
 * next. `onSlice` gets the number of checked values and their total. Ends early, after a slice, if `signal` is aborted;
 * the next run does the rest.
 */
export async function reseal(
  store: Store,
  onSlice: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Resealed> {
  const totals = await Promise.all(COLUMNS.map((sealed) => countOthers(store.read, sealed)));
  const total = totals.reduce((sum, count) => sum + count, 0);
  const unopened: string[] = [];
  let done = 0;
  for (const sealed of COLUMNS) {
    let slice: Slice = { looked: 0, unopened: [], last: null };
    do {
      if (signal.aborted) {
        return { count: done - unopened.length, unopened, isComplete: false };
      }
      const { last } = slice;
      slice = await store.write((db) => resealSlice(db, sealed, last));
      done += slice.looked;
      unopened.push(...slice.unopened);
      if (slice.looked > 0) {
        onSlice(done, total);
      }
    } while (slice.looked === SLICE_ROWS);
  }
  return { count: done - unopened.length, unopened, isComplete: true };
}

/**
 * Counts the sealed values by the id of their key, and forgets the keys without values, so that later starts do not
 * need them. The store's first key stays known. Returns a count, also 0, for every key known before.
 */
export function retireKeys(store: Store): Promise<Map<string, number>> {
  return store.write(async (db) => {
    const known = await db.sql.selectFrom('secret_keys').select('key_id').orderBy('key_id').execute();
    const counts = new Map(known.map(({ key_id }) => [key_id, 0]));
    for (const sealed of COLUMNS) {
      for (const { key_id, total } of await countByKey(db, sealed)) {
        counts.set(key_id, (counts.get(key_id) ?? 0) + total);
      }
    }
    for (const { key_id } of known) {
      if (counts.get(key_id) === 0 && key_id !== db.secrets.keyId) {
        await db.sql.deleteFrom('secret_keys').where('key_id', '=', key_id).execute();
      }
    }
    return counts;
  });
}

const COLUMNS: readonly SealedColumn[] = Object.values(SEALED);

type Slice = { looked: number; unopened: string[]; last: readonly string[] | null };

/** The columns of a list, which the compiler does not know one by one; keys and sealed values are text. */
type Row = Record<string, string>;
const anyTable = ({ sql: database }: Db) => database as unknown as Kysely<Record<string, Row>>;

/** Seals the values after the row with the key `last` anew, a slice of them. */
async function resealSlice(db: Db, sealed: SealedColumn, last: readonly string[] | null): Promise<Slice> {
  const { table, primaryKey, column, contextOf } = sealed;
  let wanted = anyTable(db)
    .selectFrom(table)
    .select([...primaryKey, column])
    .where(othersKey(db, sealed));
  if (last !== null) {
    wanted = wanted.where(sql<boolean>`(${refs(primaryKey)}) > (${sql.join(last)})`);
  }
  const rows = (await wanted.orderBy(refs(primaryKey)).limit(SLICE_ROWS).execute()) as Row[];
  const unopened: string[] = [];
  for (const row of rows) {
    const context = contextOf(row[primaryKey.at(-1) as string] as string);
    const old = row[column] as string;
    const plain = opened(db, old, context);
    if (plain === null) {
      unopened.push(context);
      continue;
    }
    let update = anyTable(db).updateTable(table).set(column, db.secrets.seal(plain, context)).where(column, '=', old);
    for (const key of primaryKey) {
      update = update.where(key, '=', row[key] as string);
    }
    await update.execute();
  }
  const end = rows.at(-1);
  return { looked: rows.length, unopened, last: end ? primaryKey.map((key) => end[key] as string) : last };
}

function opened({ secrets }: Db, value: string, context: string): string | null {
  try {
    return secrets.open(value, context);
  } catch {
    return null;
  }
}

async function countOthers(db: Db, sealed: SealedColumn): Promise<number> {
  const row = await anyTable(db)
    .selectFrom(sealed.table)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where(othersKey(db, sealed))
    .executeTakeFirstOrThrow();
  return row.total;
}

function countByKey(db: Db, { table, column }: SealedColumn): Promise<{ key_id: string; total: number }[]> {
  const keyId = sql<string>`substr(${sql.ref(column)}, 1, ${sql.lit(KEY_ID_DIGITS)})`;
  return anyTable(db)
    .selectFrom(table)
    .select(({ fn }) => [keyId.as('key_id'), fn.countAll<number>().as('total')])
    .where(column, 'is not', null)
    .groupBy(keyId)
    .execute();
}

/** A null in a column has no key, and also fails this condition. */
const othersKey = ({ secrets }: Db, { column }: SealedColumn): RawBuilder<boolean> =>
  sql<boolean>`${sql.ref(column)} not like ${`${secrets.keyId}.%`}`;

const refs = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)));
