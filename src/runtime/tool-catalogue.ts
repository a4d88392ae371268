import { setTimeout as delay } from 'node:timers/promises';
import { createYielding } from '../base/event-loop-turns.ts';
import type { Holder } from '../base/held-memory.ts';
import { type HeldMemory, type MemoryBudget, OverBudget } from '../base/memory-budget.ts';
import { QuotaExceeded } from '../quotas/quotas.ts';
import type { CataloguedTool, StoredCatalogue } from '../store/catalogues.ts';
import type { Connection } from './connection.ts';
import { type Definition, hashDefinition } from './definitions.ts';
import { type ListedTools, listTools } from './list-tools.ts';
import { areSameTools, type SeenTools } from './save-tools.ts';
import { ServerFailed } from './server-failed.ts';

/** The tools of a server as they were last seen, and why they could not be seen since. */
export type ToolsSeen = {
  /** The same array as long as nothing has changed. */
  readonly tools: readonly CataloguedTool[];
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  readonly failure: ServerFailed | null;
  /** Whether they are as fresh as they were to be. */
  readonly isFresh: boolean;
};

/** How fresh tools must be, and how long to wait when they are not; milliseconds. */
export type Freshness = {
  readonly age: number;
  readonly patience: number;
  /** The definitions decide about a call: of what is stored nobody knows whether the server still says so. */
  readonly decides?: true;
};

/** What a server lists. */
export type ToolCatalogue = {
  /**
   * Its tools, at most `age` old and none that it has said are others by now, at once when they are known; when they are
   * not to be had within `patience` after the server may be asked, the last that were seen. An `age` below the interval
   * has it asked at once. Throws ServerFailed when none ever were.
   */
  readonly tools: (freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** Asks the server now; who comes while it is asked waits for the same answer. Throws ServerFailed. */
  readonly refresh: () => Promise<void>;
  /** The server is heard to say that its tools have changed. */
  readonly markOutdated: () => void;
  /** What is stored may be another's by now. */
  readonly forget: () => void;
  /** From now on what is seen is stored; what was seen already, too. */
  readonly startStoring: () => void;
  /** What the server has listed, for the operator; null before it has. */
  readonly facts: () => ListedFacts | null;
};

/** What a server has listed, in short. */
export type ListedFacts = Pick<ListedTools, 'leftOut' | 'protocolVersion'> & { readonly names: readonly string[] };

export type ToolCatalogueOptions = {
  readonly name: string;
  readonly connection: () => Connection;
  readonly stored: (room: (bytes: number) => Promise<void>) => Promise<StoredCatalogue>;
  /** Stores what was seen, in place of what was stored before; false when it is not this server's any more. */
  readonly save: (listed: SeenTools, before: SeenTools['tools'] | null) => Promise<boolean>;
  readonly now: () => number;
  readonly budget: MemoryBudget;
  /** Whose server it is. */
  readonly holder: Holder;
  /** Milliseconds from one list to the next that the server itself, or the age of what was seen, is the reason of. */
  readonly intervalMs: number;
  /** Aborted when the server is connected to in another way, or not at all. */
  readonly ended: AbortSignal;
};

/** Milliseconds in which one failure answers for all, and in which changes are taken together at least. */
const FAILURE_REMEMBERED_MS = 2000;
const COALESCED_MS = 50;
/** Milliseconds that listing the tools of a server may take. */
const LIST_TIMEOUT_MS = 30_000;
/** Milliseconds between two notes that what was seen is of use. */
const NOTE_INTERVAL_MS = 1000;

/** Makes the catalogue of one server, as it is connected to. */
export function createToolCatalogue(options: ToolCatalogueOptions): ToolCatalogue {
  const { name, connection, stored, save, now, budget, holder, intervalMs, ended } = options;
  let seen: SeenTools | null = null;
  /** The room that `seen` takes, as long as there is some. */
  let held: HeldMemory | null = null;
  let usedAt = 0;
  let facts: ListedFacts | null = null;
  let failure: { readonly error: ServerFailed; readonly at: number } | null = null;
  let refreshing: Promise<void> | null = null;
  /** One reading of what is stored for all who come meanwhile: each would take its room. */
  let recalling: Promise<void> | null = null;
  /** When the server was last asked, successfully or not, and how often so far. */
  let asked = { at: Number.NEGATIVE_INFINITY, times: 0 };
  let due: Promise<void> | null = null;
  let listenedTo: Connection | null = null;
  let isOutdated = false;
  let isKept = false;
  /** Whether it was this process that saw what was seen. */
  let isListed = false;

  const forget = (): void => {
    seen = null;
    held?.release();
    held = null;
  };
  ended.addEventListener('abort', forget, { once: true });

  /** Keeps what was seen until the room is needed. Throws OverBudget: there must be room for it while it is used. */
  const remember = (listed: SeenTools, bytes: number): void => {
    forget();
    held = budget.hold(holder, 'lists', bytes);
    held.allowRelease('kept', forget);
    seen = listed;
  };

  /** What is stored, held as long as it is used. Throws OverBudget. */
  const withStored = async (use: (found: StoredCatalogue, reading: HeldMemory) => Promise<void>): Promise<void> => {
    using reading = budget.hold(holder, 'lists', 0);
    await use(await stored((bytes) => reading.waitToResize(bytes)), reading);
  };

  const storeUnlessSame = async (listed: SeenTools, before: SeenTools['tools'] | null): Promise<void> => {
    const isSame = before !== null && areSameTools(before, listed.tools);
    if (isSame) {
      return;
    }
    const isStored = await save(listed, before).catch((error: unknown) => {
      throw error instanceof QuotaExceeded ? hasNoRoom(name, error) : error;
    });
    if (!isStored) {
      throw hasMoved(name);
    }
  };

  const keepSeen = async (): Promise<void> => {
    const listed = seen;
    if (listed !== null) {
      await withStored(({ tools }) => storeUnlessSame(listed, tools));
    }
  };

  const list = async (): Promise<void> => {
    // What a server says first may be old when it has said the last of it.
    const seenAt = now();
    const signal = AbortSignal.any([ended, AbortSignal.timeout(LIST_TIMEOUT_MS)]);
    using reading = budget.hold(holder, 'lists', 0);
    const room = (bytes: number) => reading.waitToResize(bytes, signal);
    const listed = await listTools(connection(), signal, room).catch((error: unknown) => {
      if (error instanceof ServerFailed || error instanceof OverBudget) {
        throw error;
      }
      throw ended.aborted
        ? hasMoved(name)
        : new ServerFailed(name, 'late', `did not list its tools within ${LIST_TIMEOUT_MS / 1000} s.`, error);
    });
    const tools = await hashed(listed.tools);
    if (ended.aborted) {
      throw hasMoved(name);
    }
    const before = seen?.tools ?? null;
    const isSame = before !== null && areSameTools(before, tools);
    if (!isSame && isKept) {
      await (before === null
        ? withStored(({ tools: found }) => storeUnlessSame({ tools, seenAt }, found))
        : storeUnlessSame({ tools, seenAt }, before));
    }
    if (ended.aborted) {
      throw hasMoved(name);
    }
    reading.release();
    remember({ tools: isSame ? before : tools, seenAt }, listed.bytes);
    isListed = true;
    const names = listed.tools.map(({ name }) => name);
    facts = { leftOut: listed.leftOut, protocolVersion: listed.protocolVersion, names };
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
      // It was heard while the server listed what it had before.
      void refreshWhenDue();
    }
  };

  const refresh = (): Promise<void> => {
    refreshing ??= look().finally(() => {
      refreshing = null;
    });
    return refreshing;
  };

  /** Milliseconds until the server may be asked again without anybody wanting its answer as of now. */
  const untilDue = (): number => Math.min(Math.max(asked.at + intervalMs - now(), 0), intervalMs);

  /** Asks the server once for all that becomes a reason until it is due. Never rejects. */
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

  /** Others of its holder go first; not at each call, which would cost it more. */
  const noteUse = (): void => {
    const at = now();
    if (at - usedAt > NOTE_INTERVAL_MS) {
      usedAt = at;
      held?.noteUse();
    }
  };

  /** Whether the age of what was seen is known: not of what another process has stored, nor after the clock was set back. */
  const isKnownAt = (seenAt: number): boolean => isListed && seenAt <= now();

  const isStale = ({ seenAt }: SeenTools, { age, decides }: Freshness): boolean =>
    isOutdated || refreshing !== null || now() - seenAt > age || (decides === true && !isKnownAt(seenAt));

  /** Takes what is stored for what was seen. */
  const recall = (): Promise<void> =>
    withStored(async ({ tools, bytes, seenAt }, reading) => {
      if (tools !== null && seenAt !== null && seen === null && !ended.aborted) {
        reading.release();
        remember({ tools, seenAt }, bytes);
        isListed = false;
      }
    });

  const lookAgain = async (freshness: Freshness): Promise<ToolsSeen> => {
    const { age, patience } = freshness;
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
      const wait = age < intervalMs || refreshing !== null ? 0 : untilDue();
      const refreshed = wait === 0 ? refresh().catch(() => undefined) : refreshWhenDue();
      // A server that has failed is not waited for until it is due.
      const isWaiting = patience > 0 && recently === null && (wait === 0 || failure === null);
      await (isWaiting ? Promise.race([refreshed, delay(wait + patience, undefined, { ref: false })]) : undefined);
    }
    if (seen === null) {
      // It was given up, or others needed the room, since it was listed.
      throw ended.aborted
        ? hasMoved(name)
        : new ServerFailed(name, 'unavailable', 'lists more tools than there is memory for now; ask again.');
    }
    const { seenAt } = seen;
    // Who says that its tools change while it lists them has listed them nevertheless.
    const isFresh = isKnownAt(seenAt) && now() - seenAt <= age && (!isOutdated || seenAt >= began);
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
      // What could not be stored is asked for again.
      void keepSeen().catch(forget);
    },
    facts: () => facts,
  };
}

const hasMoved = (name: string): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'was changed or deleted while it listed its tools; ask again.');

/** Tools with the hashes of their definitions; others have their turn between them. */
async function hashed(definitions: readonly Definition[]): Promise<CataloguedTool[]> {
  const yieldTurn = createYielding();
  const tools: CataloguedTool[] = [];
  for (const definition of definitions) {
    tools.push({ definition, hash: hashDefinition(definition) });
    await yieldTurn();
  }
  return tools;
}

/** Of what a server lists and its organization has no room for: it is not used, and what was seen before stays. */
const hasNoRoom = (name: string, { message }: QuotaExceeded): ServerFailed =>
  new ServerFailed(name, 'unusable', `lists more tools than can be stored: ${message}`);
