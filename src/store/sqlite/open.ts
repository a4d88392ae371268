import { randomUUID } from 'node:crypto';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { type Kysely, sql as words } from 'kysely';
import { createChanges } from '../changes.ts';
import { claimRows, ownersOfWork } from '../claims.ts';
import { withCheck } from '../health.ts';
import { prepareDatabase } from '../prepare.ts';
import type { Database } from '../schema.ts';
import type { Db, Store, StoreOptions } from '../store.ts';
import { openConnection } from './connection.ts';
import { copyDatabase } from './copy.ts';
import { kyselyOn, type SqlSession } from './dialect.ts';
import { createDisk, type Disk } from './disk.ts';
import { explainDamage, translateSqliteError } from './errors.ts';
import { databaseFile, requireDatabase, takeDirectory } from './folder.ts';
import { openSlowRead } from './slow-read.ts';
import { createWriteGroups } from './write-group.ts';

type Location = { kind: 'memory' } | { kind: 'file'; directory: string };

/** The operator's remedy for a damaged database. */
const REMEDY = ' Put a backup in its place with `gatehouse restore FILE`.';

/** Opens a store on SQLite: `gatehouse.db` in a folder, or in memory. Throws as `openStore` says. */
export async function openSqlite(location: Location, options: StoreOptions): Promise<Store> {
  const closers: (() => void | Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) {
      await close();
    }
  };
  let disk: Disk | null = null;
  const opened = (path: string, access: 'readWrite' | 'readOnly'): SqlSession => {
    const session = openConnection(path, access);
    closers.push(() => (access === 'readWrite' && disk?.needsLog() === true ? undefined : session.close()));
    return session;
  };

  try {
    let path = ':memory:';
    let file: FileHandle | null = null;
    if (location.kind === 'file') {
      if (options.missing === 'refuse') {
        requireDatabase(location.directory);
      }
      closers.push(takeDirectory(location.directory, options.now()).release);
      path = databaseFile(location.directory);
      const handle = await openFile(path, 'a', 0o600);
      closers.push(() => handle.close());
      file = handle;
    }
    const writer = kyselyOn(opened(path, 'readWrite'), 'exclusive');
    const secrets = await prepareDatabase(writer, 'sqlite', options, (migration) =>
      copyDatabase(writer, `${path}.before-${migration}`),
    );
    const time = () => words<number>`${options.now()}`;
    const db = (sql: Kysely<Database>): Db => ({ sql, secrets, time });

    // In memory there is one connection, and reads wait while a group of writes is under way.
    let read = db(writer);
    let slowRead = read;
    if (location.kind === 'file') {
      read = db(kyselyOn(opened(path, 'readOnly'), 'concurrent'));
      const session = openSlowRead(path);
      closers.push(session.close);
      slowRead = db(kyselyOn(session, 'concurrent'));
    }
    const changes = createChanges();
    const claimant = randomUUID();
    if (file !== null) {
      disk = await createDisk(path, file, writer);
      closers.push(disk.close);
    }
    const groups = createWriteGroups(db(writer), changes, disk);
    closers.push(groups.close);
    return {
      engine: 'sqlite',
      read,
      slowRead,
      changes: changes.changes,
      hasChanged: changes.hasChanged,
      onChange: changes.onChange,
      claim: async (table, claim) => {
        // Nobody else has the file: only what this process has claimed can still be under way.
        const terms = { claimant, hasRivals: false };
        const owners = await ownersOfWork(read, table, claim, terms);
        return owners.length === 0 ? [] : groups.write((own) => claimRows(own, table, { ...claim, owners }, terms));
      },
      ...withCheck(groups, options.now),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw translateSqliteError(
      location.kind === 'file' ? explainDamage(error, databaseFile(location.directory), REMEDY) : error,
    );
  }
}
