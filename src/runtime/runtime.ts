import { isDeepStrictEqual } from 'node:util';
import type { Limits } from '../base/limits.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import { type Attempt, attempt, type Candidate, type Probed } from './candidate.ts';
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
 * The connections to all servers. A connection to a server of an organization opens when it is needed, and closes
 * when it is idle; those to servers of the operator stay open.
 */
export type Runtime = {
  /**
   * Returns the connection of an organization to a server; null for a server of the operator that is not in use.
   * Replaces a connection to an earlier configuration.
   */
  readonly connection: (server: UsedServer) => Connection | null;
  /** Returns the tools of a server, as `ToolCatalogue.tools` does. Throws ServerFailed if no list was ever seen. */
  readonly tools: (server: UsedServer, freshness: Freshness) => ToolsSeen | Promise<ToolsSeen>;
  /** Call it when a server reports changed tools. */
  readonly toolsChanged: (serverId: string) => void;
  /** Whether there is a connection to a server, with any configuration. */
  readonly isConnectedTo: (serverId: string) => boolean;
  /**
   * Opens a new connection to a server beside the one in use, for all organizations that use it, within this number
   * of milliseconds. Throws no ServerFailed: the candidate contains the failure.
   */
  readonly bringUp: (server: Connectable, within: number) => Promise<Candidate>;
  /** Starts to use a server of the operator, without waiting for it. */
  readonly use: (server: Connectable) => void;
  /** Whether a server of the operator answers now. A server without an open connection is asked. */
  readonly isServing: (serverId: string) => Promise<boolean>;
  /** Ends the use of a server after its pending calls. */
  readonly drop: (serverId: string) => void;
  /** Whether the server in use has the same target, apart from its name. */
  readonly isReachedAs: (server: Connectable) => boolean;
  /** Ends the connections of all other organizations to a server of the operator, after their calls. */
  readonly restrict: (serverId: string, organizationIds: readonly string[] | 'all') => void;
  /** Ends the connections of an organization to servers of the operator. */
  readonly release: (organizationId: string) => void;
  /**
   * Connects to a server and lists its tools over a connection for this purpose, within this number of milliseconds. The
   * connection does not count towards those of an organization. Throws OverBudget.
   */
  readonly probe: (server: Connectable, within: number) => Promise<Attempt<Probed>>;
  /** Returns the status of a server of the operator; null if it is not in use. */
  readonly status: (serverId: string) => ServerStatus | null;
  readonly close: () => Promise<void>;
};

/** The status of a server of the operator. */
export type ServerStatus = Health & {
  readonly toolCount: number | null;
  readonly protocolVersion: string | null;
  readonly stderr: string | null;
  /** The tools that were left out, and the reasons. */
  readonly warnings: readonly string[];
};

/** The parts and the limits of a runtime. */
export type RuntimeOptions = ServerEntryOptions & {
  readonly limits: Pick<Limits, 'maxConnectionsPerOrganization' | 'healthLogIntervalMs'>;
};

/** The maximum wait for the answer of a server to `isServing`, in milliseconds. */
const SERVES_TIMEOUT_MS = 2000;
/** The idle time after which a connection closes, and the interval of the check, in milliseconds. */
const IDLE_TIMEOUT_MS = 600_000;
const IDLE_CHECK_INTERVAL_MS = 60_000;

/** A server in use. `version` is the newest requested one. */
type InUse = { readonly entry: ServerEntry; version: number; readonly health: (() => Health) | null };

/** Creates the runtime of one gateway. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { store, now, log, limits, budget } = options;
  const inUse = new Map<string, InUse>();
  /** All entries that have not ended. */
  const made = new Set<ServerEntry>();

  /** Ends the least recently used connection of an organization that has the maximum number. */
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
    const entry: ServerEntry = createServerEntry(
      {
        ...options,
        makeRoom: (organizationId) => {
          // A connection that is only tried must not end one in use.
          if (inUse.get(server.id)?.entry === entry) {
            makeRoom(organizationId);
          }
        },
      },
      server,
    );
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
    // Do not restore organizations that lost the server during the start of this connection.
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
    entry.startStoring();
    return used;
  };

  const useOwn = (server: Server): InUse => {
    const known = inUse.get(server.id);
    if (known !== undefined && server.version <= known.version) {
      // A caller with an older row is served by the current server.
      return known;
    }
    const connectable = toConnectable(server);
    if (known !== undefined && isDeepStrictEqual(connectable.target, known.entry.server.target)) {
      // In between it may have been another server, whose change cleared the stored list.
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
      const { failure } = await attempt(entry, entry.open(others), within).catch((error: unknown) => {
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
      const answers = async () => (await attempt(entry, entry.catalogue.refresh(), SERVES_TIMEOUT_MS)).failure === null;
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
      const look = async (): Promise<Probed> => {
        await entry.open();
        return { facts: await entry.introduction(), names: entry.catalogue.facts()?.names ?? [] };
      };
      try {
        return await attempt(entry, look(), within);
      } finally {
        // The caller does not wait for the end of the process.
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

/** The failure for a server of the operator that is not in use. */
export const notInUse = (name: string): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'is switched off, or waits for a restart of the gateway. Ask the operator.');
