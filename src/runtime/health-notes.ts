import type { Logger } from 'pino';
import { throttle } from '../base/throttle.ts';
import * as serverHealth from '../store/server-health.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { Connectable } from './connectable.ts';
import type { ServerFailed } from './server-failed.ts';

/** The parts of the notes. */
export type HealthNotesOptions = {
  readonly store: Pick<Store, 'read' | 'writeFor'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The interval between writes, in milliseconds. */
  readonly intervalMs: number;
  /** Aborted at the end of the use of the server: nothing is stored afterwards. */
  readonly ended: AbortSignal;
};

/** Stores whether a server of an organization can be used, without delaying the calls that find it out. */
export type HealthNotes = {
  /** Notes that the server can be used (null), or why not. Never throws and never waits. */
  readonly note: (failure: ServerFailed | null) => void;
  /** Stores what was noted last, and from now on the first change at once, then the last one of each interval. */
  readonly startStoring: () => void;
};

/** Creates the notes of one entry. Nothing is stored of a server that is only tried. */
export function createHealthNotes(
  { store, log, now, intervalMs, ended }: HealthNotesOptions,
  { id, organizationId, isStored }: Connectable,
): HealthNotes {
  if (organizationId === null) {
    // Those of the operator are watched all the time.
    return { note: () => undefined, startStoring: () => undefined };
  }
  const server = { id, organizationId };
  let noted: { readonly lastError: string | null } | undefined;
  let isKept = false;

  const write = async (lastError: string | null): Promise<void> => {
    const at = now();
    const isKnown = async (db: Store['read']) => {
      const known = (await serverHealth.find(db, [id])).get(id);
      return { known, isSame: known !== undefined && known.lastError === lastError };
    };
    if ((await isKnown(store.read)).isSame) {
      return;
    }
    await store.writeFor(organizationId, async (db) => {
      const { known, isSame } = await isKnown(db);
      if (isSame || ended.aborted || !(await isStored(db))) {
        return;
      }
      const isOther = known === undefined || (known.lastError === null) !== (lastError === null);
      await serverHealth.save(db, server, { since: isOther ? at : known.since, lastError });
    });
  };

  const keep = throttle<string | null>(
    intervalMs,
    (lastError) =>
      void write(lastError).catch((error: unknown) => {
        // What is found out next is stored.
        noted = undefined;
        if (!(error instanceof StoreUnavailable)) {
          log.warn({ err: error, server: id }, 'the health of a server could not be stored');
        }
      }),
    { ended },
  );
  return {
    note: (failure) => {
      const lastError = failure?.message ?? null;
      if (noted?.lastError !== lastError) {
        noted = { lastError };
        if (isKept) {
          keep(lastError);
        }
      }
    },
    startStoring: () => {
      isKept = true;
      if (noted !== undefined) {
        keep(noted.lastError);
      }
    },
  };
}
