import { setTimeout as delay } from 'node:timers/promises';
import type { Egress } from '../egress/egress.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import type { Store } from '../store/store.ts';
import { type Connection, connect } from './connection.ts';
import { definitionHash } from './definitions.ts';
import type { Target } from './exchange.ts';
import { ServerFailed } from './failed.ts';
import { listTools } from './list-tools.ts';
import { listenForChanges } from './listen.ts';
import { isReachedAlike, type Listed, sameTools, saveTools } from './save-tools.ts';

type CataloguedTool = catalogues.CataloguedTool;
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

/** The connections to servers. They come about when they are needed, and end when nobody has needed them for a while. */
export type Runtime = {
  /** The connection to a server as it is configured now; one to an earlier configuration ends. Throws ServerFailed. */
  readonly connection: (server: Server) => Connection;
  /**
   * The tools of a server, at most `age` old, at once when they are known; when they are not to be had within `patience`,
   * the last that were seen. Throws ServerFailed when none ever were.
   */
  readonly tools: (server: Server, freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** To be called when a server is heard to say that its tools have changed. */
  readonly toolsChanged: (serverId: string) => void;
  readonly close: () => Promise<void>;
};

export type RuntimeOptions = { readonly store: Store; readonly egress: Egress; readonly now: () => number };

/** Milliseconds after which a connection that nobody needs ends, and between two looks for such. */
const IDLE = 600_000;
const LOOK = 60_000;
/** Milliseconds in which one failure answers for all, and in which changes are taken together. */
const REMEMBERED = 2000;
const COALESCED = 50;
/** Milliseconds that listing the tools of a server may take. */
const LIST_TIMEOUT = 30_000;

type Entry = {
  /** As it is connected to; the newest version that anybody has asked for. */
  server: Server;
  readonly connection: Connection;
  readonly ended: AbortController;
  usedAt: number;
  isListening: boolean;
  isOutdated: boolean;
  seen: Listed | null;
  failure: { readonly error: ServerFailed; readonly at: number } | null;
  refreshing: Promise<void> | null;
};

/** Makes the runtime of one gateway. */
export function createRuntime({ store, egress, now }: RuntimeOptions): Runtime {
  const entries = new Map<string, Entry>();

  const end = async (serverId: string, entry: Entry): Promise<void> => {
    if (entries.get(serverId) === entry) {
      entries.delete(serverId);
    }
    entry.ended.abort();
    await entry.connection.close();
  };

  const entryOf = (server: Server): Entry => {
    const { url, transport, requestHeaders, name } = server;
    if (transport !== 'STREAMABLE_HTTP') {
      throw new ServerFailed(
        name,
        'unreachable',
        `has the transport ${transport}; calls go over STREAMABLE_HTTP only.`,
      );
    }
    const known = entries.get(server.id);
    const isNewer = known !== undefined && server.version > known.server.version;
    if (isNewer && (name !== known.server.name || !isReachedAlike(server, known.server))) {
      void end(server.id, known);
    } else if (known !== undefined) {
      // Who has read the server before it was changed is served by what it is now.
      if (isNewer) {
        // It may have been another server meanwhile, which has cleared what is stored.
        known.server = server;
        known.seen = null;
      }
      known.usedAt = now();
      return known;
    }
    const headers = Object.entries(requestHeaders).map(([key, value]) => [key.toLowerCase(), value]);
    const entry: Entry = {
      server,
      connection: connect(egress, { name, ...placeOf(url), headers: Object.fromEntries(headers) }),
      ended: new AbortController(),
      usedAt: now(),
      isListening: false,
      isOutdated: false,
      seen: null,
      failure: null,
      refreshing: null,
    };
    entries.set(server.id, entry);
    return entry;
  };

  const refresh = (server: Server, entry: Entry): Promise<void> => {
    entry.refreshing ??= look(server, entry).finally(() => {
      entry.refreshing = null;
    });
    return entry.refreshing;
  };

  const look = async (server: Server, entry: Entry): Promise<void> => {
    entry.isOutdated = false;
    try {
      const signal = AbortSignal.any([entry.ended.signal, AbortSignal.timeout(LIST_TIMEOUT)]);
      const definitions = await listTools(entry.connection, signal).catch((error: unknown) => {
        if (error instanceof ServerFailed) {
          throw error;
        }
        throw entry.ended.signal.aborted
          ? hasMoved(server)
          : new ServerFailed(server.name, 'late', `did not list its tools within ${LIST_TIMEOUT / 1000} s.`, error);
      });
      const tools = definitions.map((definition) => ({ definition, hash: definitionHash(definition) }));
      const before = entry.seen?.tools;
      const isSame = before !== undefined && sameTools(before, tools);
      const seen = { tools: isSame ? before : tools, seenAt: now() };
      if (!isSame && !(await store.write((db) => saveTools(db, server, seen)))) {
        throw hasMoved(server);
      }
      entry.seen = seen;
      entry.failure = null;
    } catch (error) {
      if (error instanceof ServerFailed) {
        entry.failure = { error, at: now() };
      }
      throw error;
    }
    if (!entry.isListening) {
      entry.isListening = true;
      const onChanged = () => outdate(server, entry);
      void listenForChanges(entry.connection, onChanged, entry.ended.signal);
    }
  };

  const outdate = (server: Server, entry: Entry): void => {
    if (!entry.isOutdated) {
      entry.isOutdated = true;
      const later = setTimeout(() => void refresh(server, entry).catch(() => undefined), COALESCED);
      later.unref();
    }
  };

  const isOutdated = (entry: Entry, { seenAt }: Listed, age: number): boolean =>
    entry.isOutdated || entry.refreshing !== null || now() - seenAt > age;

  const lookAgain = async (server: Server, entry: Entry, { age, patience }: Freshness): Promise<ToolsSeen> => {
    if (entry.seen === null) {
      const stored = await catalogues.find(store.read, server.id);
      if (stored.tools !== null && stored.seenAt !== null) {
        entry.seen ??= { tools: stored.tools, seenAt: stored.seenAt };
      }
    }
    const recently = entry.failure !== null && now() - entry.failure.at < REMEMBERED ? entry.failure.error : null;
    if (entry.seen === null) {
      if (recently !== null) {
        throw recently;
      }
      await refresh(server, entry);
    } else if (isOutdated(entry, entry.seen, age)) {
      const refreshed = refresh(server, entry).catch(() => undefined);
      const isWaiting = patience > 0 && recently === null;
      await (isWaiting ? Promise.race([refreshed, delay(patience, undefined, { ref: false })]) : undefined);
    }
    if (entry.seen === null) {
      throw new ServerFailed(server.name, 'unreachable', 'has not been seen yet.');
    }
    return { ...entry.seen, failure: entry.failure?.error ?? null };
  };

  const looking = setInterval(() => {
    for (const [id, entry] of entries) {
      if (now() - entry.usedAt > IDLE) {
        void end(id, entry);
      }
    }
  }, LOOK);
  looking.unref();

  return {
    connection: (server) => entryOf(server).connection,
    tools: (server, freshness) => {
      const entry = entryOf(server);
      const { seen, failure } = entry;
      return seen === null || isOutdated(entry, seen, freshness.age)
        ? lookAgain(server, entry, freshness)
        : { ...seen, failure: failure?.error ?? null };
    },
    toolsChanged: (serverId) => {
      const entry = entries.get(serverId);
      if (entry !== undefined) {
        entry.isOutdated = true;
      }
    },
    close: async () => {
      clearInterval(looking);
      await Promise.all([...entries].map(([id, entry]) => end(id, entry)));
    },
  };
}

function placeOf(url: string): Pick<Target, 'origin' | 'path'> {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}

const hasMoved = ({ name }: Server): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'was changed or deleted while it listed its tools; ask again.');
