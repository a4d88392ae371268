import { setTimeout as delay } from 'node:timers/promises';
import type { HeldMemory } from '../base/memory-budget.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Connection } from './connection.ts';
import { type ListedFacts, listCataloguedTools, serverHasMoved } from './list-catalogued-tools.ts';
import { areSameTools, type SeenTools } from './save-tools.ts';
import { ServerFailed } from './server-failed.ts';
import { createStoredTools, type StoredToolsOptions } from './stored-tools.ts';

/** The last seen tools of a server, and the failure of the last attempt to list them. */
export type ToolsSeen = {
  /** The same array until something changes. */
  readonly tools: readonly CataloguedTool[];
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  readonly failure: ServerFailed | null;
  /** Whether the list is as fresh as the caller requires. */
  readonly isFresh: boolean;
};

/** The required freshness of a list: its maximum age, and the maximum wait for a newer one, in milliseconds. */
export type Freshness = {
  readonly maxAgeMs: number;
  readonly waitMs: number;
  /**
   * The list decides about a call: then a stored list does not suffice, because the server may have changed it since.
   */
  readonly decides?: true;
};

/** The list of the tools of one server. */
export type ToolCatalogue = {
  /**
   * Returns tools that are at most `maxAgeMs` old and that the server has not reported as changed; at once if they are
   * known. If the server does not list them within `waitMs` after it may be asked, returns the last seen ones. An
   * `maxAgeMs` below the interval makes the gateway ask at once. Throws ServerFailed if no list was ever seen.
   */
  readonly tools: (freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** Lists the tools now. Callers that come in the meantime wait for the same list. Throws ServerFailed. */
  readonly refresh: () => Promise<void>;
  /** Notes that the server has reported changed tools. */
  readonly markOutdated: () => void;
  /** Forgets the last seen list, because the stored one may have changed. */
  readonly forget: () => void;
  /** Stores the last seen list now, and every later one. */
  readonly startStoring: () => void;
  /** Returns a summary of the last list for the operator; null before the first list. */
  readonly facts: () => ListedFacts | null;
};

/** The server, its stored list, and the limits of a catalogue. */
export type ToolCatalogueOptions = StoredToolsOptions & {
  readonly connection: () => Connection;
  readonly now: () => number;
  /** The minimum time between two lists that the age of a list, or the server itself, causes, in milliseconds. */
  readonly intervalMs: number;
  /** Aborted when the server gets another connection, or none. */
  readonly ended: AbortSignal;
};

/** Milliseconds for which a failure answers all callers, and milliseconds that collect changes before one list. */
const FAILURE_REMEMBERED_MS = 2000;
const COALESCED_MS = 50;
/** Milliseconds between two notes that the list is in use. */
const NOTE_INTERVAL_MS = 1000;

/** Creates the catalogue of one server with one connection. */
export function createToolCatalogue(options: ToolCatalogueOptions): ToolCatalogue {
  const { name, connection, now, budget, holder, intervalMs, ended } = options;
  const stored = createStoredTools(options);
  let seen: SeenTools | null = null;
  /** The memory of `seen`, as long as there is some. */
  let held: HeldMemory | null = null;
  let usedAt = 0;
  let facts: ListedFacts | null = null;
  let failure: { readonly error: ServerFailed; readonly at: number } | null = null;
  let refreshing: Promise<void> | null = null;
  /** One read of the stored list for all callers: each read would need its memory. */
  let recalling: Promise<void> | null = null;
  /** The time of the last list, successful or not, and the number of lists so far. */
  let asked = { at: Number.NEGATIVE_INFINITY, times: 0 };
  let due: Promise<void> | null = null;
  let listenedTo: Connection | null = null;
  let isOutdated = false;
  let isKept = false;
  /** Whether this process has listed `seen`, rather than read it from the store. */
  let isListed = false;

  const forget = (): void => {
    seen = null;
    held?.release();
    held = null;
  };
  ended.addEventListener('abort', forget, { once: true });

  /**
   * Keeps a list until its memory is needed. Throws OverBudget: while the list is in use there must be memory for it.
   */
  const remember = (listed: SeenTools, bytes: number): void => {
    forget();
    held = budget.hold(holder, 'lists', bytes);
    held.allowRelease('kept', forget);
    seen = listed;
  };

  const keepSeen = async (): Promise<void> => {
    const listed = seen;
    if (listed !== null) {
      await stored.read(({ tools }) => stored.replace(listed, tools));
    }
  };

  const list = async (): Promise<void> => {
    // The first page may be outdated when the last page arrives.
    const seenAt = now();
    using reading = budget.hold(holder, 'lists', 0);
    const listed = await listCataloguedTools(connection(), ended, reading);
    const before = seen?.tools ?? null;
    const tools = before !== null && areSameTools(before, listed.tools) ? before : listed.tools;
    if (tools !== before && isKept) {
      await (before === null
        ? stored.read(({ tools: found }) => stored.replace({ tools, seenAt }, found))
        : stored.replace({ tools, seenAt }, before));
    }
    if (ended.aborted) {
      throw serverHasMoved(name);
    }
    reading.release();
    remember({ tools, seenAt }, listed.bytes);
    isListed = true;
    facts = listed.facts;
  };

  const look = async (): Promise<void> => {
    isOutdated = false;
    try {
      await list();
      failure = null;
    } catch (error) {
      if (error instanceof ServerFailed) {
        failure = { error, at: now() };
      }
      throw error;
    } finally {
      asked = { at: now(), times: asked.times + 1 };
    }
    const present = connection();
    if (listenedTo !== present) {
      listenedTo = present;
      void present.listen(hear, ended);
    }
    if (isOutdated) {
      // The change was reported while the server listed the earlier tools.
      void refreshWhenDue();
    }
  };

  const refresh = (): Promise<void> => {
    refreshing ??= look().finally(() => {
      refreshing = null;
    });
    return refreshing;
  };

  /** Milliseconds until the next list that no caller requires at once. */
  const untilDue = (): number => Math.min(Math.max(asked.at + intervalMs - now(), 0), intervalMs);

  /** Lists the tools once for all reasons that come until then. Never rejects. */
  const refreshWhenDue = (): Promise<void> => {
    const { times } = asked;
    due ??= delay(Math.max(untilDue(), COALESCED_MS), undefined, { ref: false, signal: ended })
      .then(() => {
        due = null;
        return isOutdated || asked.times === times ? refresh() : undefined;
      })
      .catch(() => undefined);
    return due;
  };

  const hear = (): void => {
    isOutdated = true;
    void refreshWhenDue();
  };

  /** Releases the other lists of the holder first. Not at every call, because that would cost more than the call. */
  const noteUse = (): void => {
    const at = now();
    if (at - usedAt > NOTE_INTERVAL_MS) {
      usedAt = at;
      held?.noteUse();
    }
  };

  /** Whether the age of the list is known: another process may have stored it, and the clock may have been set back. */
  const isKnownAt = (seenAt: number): boolean => isListed && seenAt <= now();

  const isStale = ({ seenAt }: SeenTools, { maxAgeMs, decides }: Freshness): boolean =>
    isOutdated || refreshing !== null || now() - seenAt > maxAgeMs || (decides === true && !isKnownAt(seenAt));

  /** Uses the stored list as the last seen one. */
  const recall = (): Promise<void> =>
    stored.read(async ({ tools, bytes, seenAt }, reading) => {
      if (tools !== null && seenAt !== null && seen === null && !ended.aborted) {
        reading.release();
        remember({ tools, seenAt }, bytes);
        isListed = false;
      }
    });

  const lookAgain = async (freshness: Freshness): Promise<ToolsSeen> => {
    const { maxAgeMs, waitMs } = freshness;
    const began = now();
    if (seen === null) {
      recalling ??= recall().finally(() => {
        recalling = null;
      });
      await recalling;
    }
    const recently = failure !== null && now() - failure.at < FAILURE_REMEMBERED_MS ? failure.error : null;
    if (seen === null) {
      if (recently !== null) {
        throw recently;
      }
      await refresh();
    } else if (isStale(seen, freshness)) {
      const wait = maxAgeMs < intervalMs || refreshing !== null ? 0 : untilDue();
      const refreshed = wait === 0 ? refresh().catch(() => undefined) : refreshWhenDue();
      // Do not wait for a failed server before the next list is due.
      const isWaiting = waitMs > 0 && recently === null && (wait === 0 || failure === null);
      await (isWaiting ? Promise.race([refreshed, delay(wait + waitMs, undefined, { ref: false })]) : undefined);
    }
    if (seen === null) {
      // The list was forgotten, or another holder needed its memory, since it was listed.
      throw ended.aborted
        ? serverHasMoved(name)
        : new ServerFailed(name, 'unavailable', 'lists more tools than there is memory for now; ask again.');
    }
    const { seenAt } = seen;
    // A server that reports changes while it lists its tools has listed them nevertheless.
    const isFresh = isKnownAt(seenAt) && now() - seenAt <= maxAgeMs && (!isOutdated || seenAt >= began);
    return { ...seen, failure: failure?.error ?? null, isFresh };
  };

  return {
    tools: (freshness) => {
      noteUse();
      return seen === null || isStale(seen, freshness)
        ? lookAgain(freshness)
        : { ...seen, failure: failure?.error ?? null, isFresh: true };
    },
    refresh,
    markOutdated: () => {
      isOutdated = true;
    },
    forget,
    startStoring: () => {
      isKept = true;
      // A list that could not be stored is forgotten, so that the next caller lists the tools again.
      void keepSeen().catch(forget);
    },
    facts: () => facts,
  };
}
