import { type FileHandle, open } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';

/** Where SQLite keeps the log of a database (https://www.sqlite.org/walformat.html). */
const logFile = (database: string): string => `${database}-wal`;

/** The log of a database, as far as it is on the disk. */
export type LogOnDisk = {
  /** Resolves when every commit so far is on the disk. Rejects with StoreUnavailable; then they may be lost. */
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * Waits for the disk in place of SQLite, whose commits would hold the event loop as long as the disk takes: for a tenth of a
 * second where others write much, and one organization can make it work without end. `writer` must be the one connection
 * that commits, have a log, and run no transaction when `sync` is called. With `synchronous = normal` SQLite itself syncs
 * the log before it moves pages into the database, and the database before it begins the log anew
 * (https://www.sqlite.org/pragma.html#pragma_synchronous), so a loss of power costs commits that were not synced, and
 * nothing else.
 */
export async function openLogOnDisk(database: string, writer: Kysely<Database>): Promise<LogOnDisk> {
  await sql`pragma synchronous = normal`.execute(writer);
  /** Opened when there is one. It stays the same file as long as a connection is open. */
  let file: FileHandle | null = null;
  /** After a sync that has failed the next one may succeed, and the disk lack what the first was for. */
  let isDoubtful = false;

  /** The log is not needed any more for what is in the database, which SQLite syncs itself. */
  const moveIntoDatabase = async (): Promise<void> => {
    const { rows } = await sql<Checkpoint>`pragma wal_checkpoint(passive)`.execute(writer);
    const [{ busy, log, checkpointed } = { busy: 1, log: 0, checkpointed: 0 }] = rows;
    if (busy !== 0 || checkpointed < log) {
      throw new Error('the log is still needed');
    }
  };

  return {
    sync: async () => {
      try {
        if (isDoubtful) {
          await moveIntoDatabase();
          isDoubtful = false;
        }
        file ??= await open(logFile(database), 'r+');
        await file.datasync();
      } catch (error) {
        isDoubtful = true;
        throw new StoreUnavailable('Storage is unavailable: the disk failed.', { cause: error });
      }
    },
    close: async () => {
      await file?.close();
    },
  };
}

type Checkpoint = { readonly busy: number; readonly log: number; readonly checkpointed: number };
