import { setTimeout as delay } from 'node:timers/promises';
import type { CataloguedTool, Catalogue as StoredCatalogue } from '../store/catalogues.ts';
import type { Connection } from './connection.ts';
import { definitionHash } from './definitions.ts';
import { ServerFailed } from './failed.ts';
import { type ListedTools, listTools } from './list-tools.ts';
import { type Listed, sameTools } from './save-tools.ts';

/** The tools of a server as they were last seen, and why they could not be seen since. */
export type ToolsSeen = {
  /** The same array as long as nothing has changed. */
  readonly tools: readonly CataloguedTool[];
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  readonly failure: ServerFailed | null;
};

/** How fresh tools must be, and how long to wait when they are not; milliseconds. */
export type Freshness = { readonly age: number; readonly patience: number };

/** What a server lists. */
export type Catalogue = {
  /**
   * Its tools, at most `age` old, at once when they are known; when they are not to be had within `patience`, the last
   * that were seen. Throws ServerFailed when none ever were.
   */
  readonly tools: (freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** Asks the server now; who comes while it is asked waits for the same answer. Throws ServerFailed. */
  readonly refresh: () => Promise<void>;
  /** The server is heard to say that its tools have changed. */
  readonly outdate: () => void;
  /** What is stored may be another's by now. */
  readonly forget: () => void;
  /** From now on what is seen is stored; what was seen already, too. */
  readonly keep: () => void;
  /** What the server has listed, for the operator; null before it has. */
  readonly facts: () => ListedFacts | null;
};

/** What a server has listed, in short. */
export type ListedFacts = Pick<ListedTools, 'leftOut' | 'protocolVersion'> & { readonly names: readonly string[] };

export type CatalogueOptions = {
  readonly name: string;
  readonly connection: () => Connection;
  readonly stored: () => Promise<StoredCatalogue>;
  /** Stores what was seen; false when it is not this server's any more. */
  readonly save: (listed: Listed) => Promise<boolean>;
  readonly now: () => number;
  /** Aborted when the server is connected to in another way, or not at all. */
  readonly ended: AbortSignal;
};

/** Milliseconds in which one failure answers for all, and in which changes are taken together. */
const REMEMBERED = 2000;
const COALESCED = 50;
/** Milliseconds that listing the tools of a server may take. */
const LIST_TIMEOUT = 30_000;

/** Makes the catalogue of one server, as it is connected to. */
export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { name, connection, stored, save, now, ended } = options;
  let seen: Listed | null = null;
  let facts: ListedFacts | null = null;
  let failure: { readonly error: ServerFailed; readonly at: number } | null = null;
  let refreshing: Promise<void> | null = null;
  let listenedTo: Connection | null = null;
  let isOutdated = false;
  let isKept = false;

  const store = async (listed: Listed): Promise<void> => {
    if (!(await save(listed))) {
      throw hasMoved(name);
    }
  };

  const storeUnlessSame = async (): Promise<void> => {
    if (seen === null) {
      return;
    }
    const { tools } = await stored();
    if (tools === null || !sameTools(tools, seen.tools)) {
      await store(seen);
    }
  };

  const list = async (): Promise<void> => {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(LIST_TIMEOUT)]);
    const listed = await listTools(connection(), signal).catch((error: unknown) => {
      if (error instanceof ServerFailed) {
        throw error;
      }
      throw ended.aborted
        ? hasMoved(name)
        : new ServerFailed(name, 'late', `did not list its tools within ${LIST_TIMEOUT / 1000} s.`, error);
    });
    const tools = listed.tools.map((definition) => ({ definition, hash: definitionHash(definition) }));
    const isSame = seen !== null && sameTools(seen.tools, tools);
    const listing = { tools: isSame && seen !== null ? seen.tools : tools, seenAt: now() };
    if (ended.aborted) {
      throw hasMoved(name);
    }
    if (!isSame && isKept) {
      await store(listing);
    }
    seen = listing;
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
    }
    const present = connection();
    if (listenedTo !== present) {
      listenedTo = present;
      void present.listen(outdateSoon, ended);
    }
  };

  const refresh = (): Promise<void> => {
    refreshing ??= look().finally(() => {
      refreshing = null;
    });
    return refreshing;
  };

  const outdateSoon = (): void => {
    if (!isOutdated) {
      isOutdated = true;
      setTimeout(() => void refresh().catch(() => undefined), COALESCED).unref();
    }
  };

  const isStale = ({ seenAt }: Listed, age: number): boolean =>
    isOutdated || refreshing !== null || now() - seenAt > age;

  const lookAgain = async ({ age, patience }: Freshness): Promise<ToolsSeen> => {
    if (seen === null) {
      const { tools, seenAt } = await stored();
      if (tools !== null && seenAt !== null) {
        seen ??= { tools, seenAt };
      }
    }
    const recently = failure !== null && now() - failure.at < REMEMBERED ? failure.error : null;
    if (seen === null) {
      if (recently !== null) {
        throw recently;
      }
      await refresh();
    } else if (isStale(seen, age)) {
      const refreshed = refresh().catch(() => undefined);
      const isWaiting = patience > 0 && recently === null;
      await (isWaiting ? Promise.race([refreshed, delay(patience, undefined, { ref: false })]) : undefined);
    }
    if (seen === null) {
      throw new ServerFailed(name, 'unreachable', 'has not been seen yet.');
    }
    return { ...seen, failure: failure?.error ?? null };
  };

  return {
    tools: (freshness) =>
      seen === null || isStale(seen, freshness.age)
        ? lookAgain(freshness)
        : { ...seen, failure: failure?.error ?? null },
    refresh,
    outdate: () => {
      isOutdated = true;
    },
    forget: () => {
      seen = null;
    },
    keep: () => {
      isKept = true;
      // What could not be stored is asked for again.
      void storeUnlessSame().catch(() => {
        seen = null;
      });
    },
    facts: () => facts,
  };
}

const hasMoved = (name: string): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'was changed or deleted while it listed its tools; ask again.');
