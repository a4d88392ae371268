import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Limits } from '../base/limits.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import { type Candidate, type Probed, waitForFailure } from './candidate.ts';
import { type Connectable, toConnectable, type UsedServer } from './connectable.ts';
import type { Connection } from './connection.ts';
import { createHealthLog } from './health-log.ts';
import { createServerEntry, type ServerEntry, type ServerEntryOptions } from './server-entry.ts';
import { ServerFailed } from './server-failed.ts';
import { type Health, supervise } from './supervise.ts';
import type { Freshness, ToolsSeen } from './tool-catalogue.ts';

export type { Candidate } from './candidate.ts';
export type { Freshness, ToolsSeen } from './tool-catalogue.ts';

/**
 * The connections to servers. Those of teams come about when they are needed, and end when nobody has needed them for a
 * while; the operator's are kept up.
 */
export type Runtime = {
  /**
   * The connection of an organization to a server; null to one of the operator's that is not in use. What was connected to
   * otherwise is given up.
   */
  readonly connection: (server: UsedServer) => Connection | null;
  /**
   * The tools of a server, at most `age` old, at once when they are known; when they are not to be had within `patience`,
   * the last that were seen. Throws ServerFailed when none ever were.
   */
  readonly tools: (server: UsedServer, freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** To be called when a server is heard to say that its tools have changed. */
  readonly toolsChanged: (serverId: string) => void;
  /** Whether there is a connection to a server, of whatever configuration. */
  readonly isConnectedTo: (serverId: string) => boolean;
  /**
   * Connects to a server beside whatever connection there is, for everybody whom that serves, within so many
   * milliseconds. Does not throw ServerFailed: the candidate says what went wrong.
   */
  readonly bringUp: (server: Connectable, within: number) => Promise<Candidate>;
  /** Uses one of the operator's servers from now on, without waiting for it. */
  readonly use: (server: Connectable) => void;
  /** Whether one of the operator's servers serves now; one to which no connection stays open is asked. */
  readonly isServing: (serverId: string) => Promise<boolean>;
  /** Gives a server up when the calls under way are finished. */
  readonly drop: (serverId: string) => void;
  /** Whether a server is used in this very way, whatever it is called. */
  readonly isReachedAs: (server: Connectable) => boolean;
  /** Ends the connections of all other organizations to one of the operator's servers, when their calls are finished. */
  readonly restrict: (serverId: string, organizationIds: readonly string[] | 'all') => void;
  /** Ends what an organization has of the operator's servers. */
  readonly release: (organizationId: string) => void;
  /** Asks a server for its tools, over a connection that is made for that, within so many milliseconds. */
  readonly probe: (server: Connectable, within: number) => Promise<Probed>;
  /** How one of the operator's servers fares; null for one that is not in use. */
  readonly status: (serverId: string) => ServerStatus | null;
  readonly close: () => Promise<void>;
};

/** How one of the operator's servers fares, and what is known of it. */
export type ServerStatus = Health & {
  readonly toolCount: number | null;
  readonly protocolVersion: string | null;
  readonly stderr: string | null;
  /** Tools that were left out, and why. */
  readonly warnings: readonly string[];
};

export type RuntimeOptions = ServerEntryOptions & {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly limits: Pick<Limits, 'maxConnectionsPerOrganization' | 'healthLogIntervalMs'>;
};

/** Milliseconds that a server gets to say whether it serves. */
const SERVES_TIMEOUT_MS = 2000;
/** Milliseconds after which a connection that nobody needs ends, and between two looks for such. */
const IDLE_TIMEOUT_MS = 600_000;
const IDLE_CHECK_INTERVAL_MS = 60_000;

/** `version` is the newest that anybody has asked for. */
type InUse = { readonly entry: ServerEntry; version: number; readonly health: (() => Health) | null };

/** Makes the runtime of one gateway. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { store, now, log, limits, budget } = options;
  const inUse = new Map<string, InUse>();
  /** All that were made and have not ended. */
  const made = new Set<ServerEntry>();

  /** Ends the connection that an organization has not used for the longest time, when it has as many as it may. */
  const makeRoom = (organizationId: string): void => {
    const own = [...inUse.values()].filter(({ entry }) => entry.isUsedBy(organizationId));
    if (own.length >= limits.maxConnectionsPerOrganization) {
      const since = ({ entry }: InUse): number => entry.usedAt(organizationId);
      const { entry } = own.reduce((oldest, one) => (since(one) < since(oldest) ? one : oldest));
      if (entry.server.organizationId === null) {
        entry.release(organizationId);
      } else {
        drop(entry.server.id);
      }
    }
  };

  const make = (server: Connectable): ServerEntry => {
    const entry = createServerEntry({ ...options, makeRoom }, server);
    made.add(entry);
    return entry;
  };

  const end = (entry: ServerEntry, how: 'retire' | 'close'): Promise<void> =>
    entry[how]().finally(() => made.delete(entry));

  const logOf = ({ server: { id, name }, ended }: ServerEntry) =>
    createHealthLog({ log, server: { server: id, name }, intervalMs: limits.healthLogIntervalMs, ended });

  const use = (entry: ServerEntry, isUp: boolean): InUse => {
    const { id, version, organizationId } = entry.server;
    const health = organizationId === null ? supervise(entry, isUp, { now, onChange: logOf(entry).note }) : null;
    const before = inUse.get(id)?.entry;
    // Who has lost the server while this was brought up does not find it here again.
    for (const owner of entry.owners()) {
      if (owner !== null && !before?.owners().includes(owner)) {
        entry.release(owner);
      }
    }
    const used = { entry, version, health };
    inUse.set(id, used);
    if (before !== undefined) {
      void end(before, 'retire');
    }
    entry.catalogue.startStoring();
    return used;
  };

  const useOwn = (server: Server): InUse => {
    const known = inUse.get(server.id);
    if (known !== undefined && server.version <= known.version) {
      // Who has read the server before it was changed is served by what it is now.
      return known;
    }
    const connectable = toConnectable(server);
    if (known !== undefined && isDeepStrictEqual(connectable.target, known.entry.server.target)) {
      // It may have been another server meanwhile, which has cleared what is stored.
      known.version = server.version;
      known.entry.catalogue.forget();
      return known;
    }
    return use(make(connectable), false);
  };

  const entryOf = (server: UsedServer): ServerEntry | undefined =>
    'isShared' in server ? inUse.get(server.id)?.entry : useOwn(server).entry;

  const toolsOfUnused = async ({ id, name, organizationId }: UsedServer): Promise<ToolsSeen> => {
    using reading = budget.hold(organizationId, 'lists', 0);
    const room = (bytes: number) => reading.waitToResize(bytes);
    const { tools, seenAt } = await catalogues.find(store.read, id, room);
    if (tools === null || seenAt === null) {
      throw notInUse(name);
    }
    return { tools, seenAt, failure: notInUse(name), isFresh: false };
  };

  const drop = (serverId: string): void => {
    const known = inUse.get(serverId);
    inUse.delete(serverId);
    if (known !== undefined) {
      void end(known.entry, 'retire');
    }
  };

  const looking = setInterval(() => {
    const since = now() - IDLE_TIMEOUT_MS;
    for (const [id, { entry, health }] of inUse) {
      entry.releaseUnused(since);
      if (health === null && entry.usedAt() < since) {
        drop(id);
      }
    }
  }, IDLE_CHECK_INTERVAL_MS);
  looking.unref();

  return {
    connection: (server) => entryOf(server)?.connectionOf(server.organizationId) ?? null,
    tools: (server, freshness) => entryOf(server)?.catalogue.tools(freshness) ?? toolsOfUnused(server),
    toolsChanged: (serverId) => inUse.get(serverId)?.entry.catalogue.markOutdated(),
    isConnectedTo: (serverId) => inUse.has(serverId),
    bringUp: async (server, within) => {
      const entry = make(server);
      const others = inUse.get(server.id)?.entry.owners() ?? [];
      const failure = await waitForFailure(entry, entry.open(others), within).catch((error: unknown) => {
        void end(entry, 'close');
        throw error;
      });
      return {
        server,
        failure,
        stderr: entry.stderr,
        use: () => void use(entry, failure === null),
        discard: () => void end(entry, 'close'),
      };
    },
    isServing: async (serverId) => {
      const known = inUse.get(serverId);
      if (known === undefined) {
        return false;
      }
      const { entry, health } = known;
      const answers = async () => (await waitForFailure(entry, entry.catalogue.refresh(), SERVES_TIMEOUT_MS)) === null;
      return entry.isOpen() ?? (health?.().state === 'connected' && (await answers()));
    },
    use: (server) => void use(make(server), false),
    drop,
    isReachedAs: ({ id, target }) => {
      const known = inUse.get(id)?.entry.server;
      return known !== undefined && isDeepStrictEqual({ ...known.target, name: '' }, { ...target, name: '' });
    },
    restrict: (serverId, organizationIds) => {
      const entry = inUse.get(serverId)?.entry;
      for (const owner of entry?.owners() ?? []) {
        if (owner !== null && organizationIds !== 'all' && !organizationIds.includes(owner)) {
          entry?.release(owner);
        }
      }
    },
    release: (organizationId) => {
      for (const { entry } of inUse.values()) {
        entry.release(organizationId);
      }
    },
    probe: async (server, within) => {
      const entry = make(server);
      try {
        return {
          failure: await waitForFailure(entry, entry.open(), within),
          names: entry.catalogue.facts()?.names ?? [],
        };
      } finally {
        // Whoever asked does not wait for a process that takes its time to end.
        void end(entry, 'close');
      }
    },
    status: (serverId) => {
      const known = inUse.get(serverId);
      return known === undefined || known.health === null ? null : statusOf(known.entry, known.health());
    },
    close: async () => {
      clearInterval(looking);
      await Promise.all([...made].map((entry) => end(entry, 'close')));
    },
  };
}

function statusOf({ catalogue, stderr }: ServerEntry, health: Health): ServerStatus {
  const { names, protocolVersion = null, leftOut = [] } = catalogue.facts() ?? {};
  return {
    ...health,
    toolCount: names?.length ?? null,
    protocolVersion: health.state === 'connected' ? protocolVersion : null,
    stderr: stderr(),
    warnings: leftOut,
  };
}

/** Of one of the operator's servers that is not in use. */
export const notInUse = (name: string): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'is switched off, or waits for a restart of the gateway. Ask the operator.');
