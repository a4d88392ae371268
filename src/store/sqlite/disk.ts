import { type FileHandle, open } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { StoreUnavailable } from '../errors.ts';
import type { Database } from '../schema.ts';

/** Where SQLite keeps the log of a database (https://www.sqlite.org/walformat.html). */
const logFile = (database: string): string => `${database}-wal`;
/** Pages of 4 KiB in the log that are not in the database yet, from which on they are moved; as SQLite would. */
const MAX_LOG_PAGES = 1000;

/** Waits for the disk, for a connection that commits to a file. */
export type Disk = {
  /** Throws StoreUnavailable if no more commits are allowed until a restart of the program. */
  readonly check: () => void;
  /** Resolves when every earlier commit is on the disk. Rejects with StoreUnavailable; then commits may be lost. */
  readonly sync: () => Promise<void>;
  /** Moves the log into the database, if the log is large and on the disk. There must be no commits meanwhile. */
  readonly tidy: () => Promise<void>;
  /** Whether only the log has some commits, although SQLite considers them moved: then it must not be deleted. */
  readonly needsLog: () => boolean;
  readonly close: () => Promise<void>;
};

/** Numbers of pages: in the log, and of those in the database. */
type Checkpoint = { readonly busy: number; readonly log: number; readonly checkpointed: number };

/**
 * Waits for the disk in place of SQLite, which would hold the event loop as long as the disk takes: for a tenth of a second
 * where others write much, and one organization can make it work without end. `writer` must be the one connection that
 * commits, and run no transaction when anything of this is called. `path` is the database, and `file` a handle of it that
 * is closed after all connections: closing it frees SQLite's locks.
 *
 * With `synchronous = normal` SQLite syncs the head of a log that it begins anew, and no commit
 * (https://www.sqlite.org/pragma.html#pragma_synchronous): here the log is synced after each. SQLite also syncs the log
 * before it moves pages into the database, and the database before it begins the log anew: here the log is on the disk
 * already, pages are moved with `synchronous = off`, and nothing is written to the log before the database is on the disk.
 * So power may be lost at any moment.
 */
export async function createDisk(path: string, file: FileHandle, writer: Kysely<Database>): Promise<Disk> {
  await sql`pragma wal_autocheckpoint = 0`.execute(writer);
  await sql`pragma synchronous = normal`.execute(writer);
  /** Opened when the log exists. It stays the same file while a connection is open. */
  let log: FileHandle | null = null;
  /** After a failed sync of the log, the next one may succeed although the disk lacks the data of the first. */
  let isDoubtful = false;
  /** The same of the database. Nothing tells which of its pages the disk lacks, but the log on the disk has them all. */
  let needsLog = false;

  const checkpoint = async (mode: 'noop' | 'passive'): Promise<Checkpoint> => {
    const { rows } = await sql<Checkpoint>`pragma wal_checkpoint(${sql.raw(mode)})`.execute(writer);
    return rows[0] as Checkpoint;
  };

  return {
    check: () => {
      if (needsLog) {
        throw diskFailed();
      }
    },
    sync: async () => {
      try {
        if (isDoubtful) {
          // SQLite syncs the database itself; then nobody needs the log.
          const { busy, log, checkpointed } = await checkpoint('passive');
          if (busy !== 0 || checkpointed < log) {
            throw new Error('the log is still needed');
          }
          isDoubtful = false;
        }
        log ??= await open(logFile(path), 'r+');
        await log.datasync();
      } catch (error) {
        isDoubtful = true;
        throw diskFailed(error);
      }
    },
    tidy: async () => {
      const { log, checkpointed } = await checkpoint('noop');
      if (isDoubtful || log - checkpointed < MAX_LOG_PAGES) {
        return;
      }
      await sql`pragma synchronous = off`.execute(writer);
      try {
        await checkpoint('passive');
      } finally {
        await sql`pragma synchronous = normal`.execute(writer);
      }
      try {
        await file.datasync();
      } catch {
        needsLog = true;
      }
    },
    needsLog: () => needsLog,
    close: async () => {
      await log?.close();
    },
  };
}

const diskFailed = (cause?: unknown): StoreUnavailable =>
  new StoreUnavailable('Storage is unavailable: the disk failed.', { cause });
