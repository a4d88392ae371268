import type { Logger } from 'pino';
import type { Limits } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import type { OperatorEgresses, OrganizationEgresses } from '../egress/egress.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Store } from '../store/store.ts';
import type { Quotas } from '../store/usage.ts';
import { connect } from './connect.ts';
import type { Connectable } from './connectable.ts';
import type { Connection } from './connection.ts';
import { createHealthNotes } from './health-notes.ts';
import type { ServerFacts } from './protocol.ts';
import { saveTools } from './save-tools.ts';
import type { ServerFailed } from './server-failed.ts';
import { createToolCatalogue, type ToolCatalogue } from './tool-catalogue.ts';

/** The parts that entries share. */
export type ServerEntryOptions = {
  readonly store: Store;
  /** The outbound access for URLs of organizations, and for URLs of the operator. */
  readonly egress: OrganizationEgresses;
  readonly operatorEgresses: OperatorEgresses;
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly limits: Pick<
    Limits,
    'serverHealthIntervalMs' | 'listIntervalMs' | 'introductionTimeoutMs' | 'probeTimeoutMs' | 'sessionCheckTimeoutMs'
  >;
  readonly budget: MemoryBudget;
  /** The quotas of an organization for stored tools. */
  readonly quotas: Quotas;
};

/** The owner of a connection: an organization, or null for the operator. */
export type ConnectionOwner = string | null;

/**
 * A server with its connections and its catalogue. It never changes: a server that is reached in another way gets
 * another entry.
 */
export type ServerEntry = {
  readonly server: Connectable;
  readonly catalogue: ToolCatalogue;
  /** Aborted at the end of the entry. */
  readonly ended: AbortSignal;
  /** Stores the tools and the health of the server from now on: it is in use. */
  readonly startStoring: () => void;
  /** Returns the connection of an organization, which no other organization shares. */
  readonly connectionOf: (organizationId: string) => Connection;
  /** Returns the owners of its connections. */
  readonly owners: () => readonly ConnectionOwner[];
  /** Whether any connection is open; null if none stays open between two requests. */
  readonly isOpen: () => boolean | null;
  /** Returns the end of the server's standard error, from the connection of its owner; null for other servers. */
  readonly stderr: () => string | null;
  /** Ends the connection of an organization to a server of the operator, after its last call. */
  readonly release: (organizationId: string) => void;
  /** Ends such connections without a use since that time. */
  readonly releaseUnused: (since: number) => void;
  /**
   * Returns the time of the last use of any connection, or of the connection of an organization, in milliseconds
   * since the epoch; 0 for none.
   */
  readonly usedAt: (organizationId?: string) => number;
  /** Whether an organization has a connection. */
  readonly isUsedBy: (organizationId: string) => boolean;
  /** Resolves with the failure when the connection is lost; with null in doubt, and at the end of the entry. */
  readonly lost: () => Promise<ServerFailed | null>;
  /** Connects for the owner and for other organizations, and lists the tools. Throws ServerFailed. */
  readonly open: (others?: readonly ConnectionOwner[]) => Promise<void>;
  /** Returns the description that the server gives of itself. Throws ServerFailed. */
  readonly introduction: () => Promise<ServerFacts>;
  /** Returns the known fault of a server that has not introduced itself yet; null if there is none. */
  readonly knownFault: () => ServerFailed | null;
  /** Ends the entry after its last call. */
  readonly retire: () => Promise<void>;
  /** Ends the entry at once. */
  readonly close: () => Promise<void>;
};

/** Called before an organization gets one more connection. */
type MakeRoom = (organizationId: string) => void;

type OwnedConnection = { readonly connection: Connection; usedAt: number };

/**
 * Creates the entry of a server without connecting. The connection of the owner lists the tools and reports the
 * health: nobody else calls over the connection of the operator.
 */
export function createServerEntry(
  options: ServerEntryOptions & { readonly makeRoom: MakeRoom },
  server: Connectable,
): ServerEntry {
  const { store, egress, operatorEgresses, now, log, limits, budget, quotas, makeRoom } = options;
  const { organizationId: ownerId } = server;
  const ownedConnections = new Map<ConnectionOwner, OwnedConnection>();
  const leaving = new Set<Connection>();
  const ended = new AbortController();
  let onLost = Promise.withResolvers<ServerFailed | null>();

  const health = createHealthNotes(
    { store, log, now, intervalMs: limits.serverHealthIntervalMs, ended: ended.signal },
    server,
  );

  // The budget destroys the stream that is read; nothing else is to be done.
  const memoryFor = (owner: ConnectionOwner): MemoryScope => new MemoryScope(budget, owner, () => undefined);

  const ownedConnectionOf = (owner: ConnectionOwner): OwnedConnection => {
    const known = ownedConnections.get(owner);
    if (known !== undefined) {
      return known;
    }
    // A lost connection of a tenant need not mean that the server is away: it is only a reason to check.
    const lose = (failure: ServerFailed): void => onLost.resolve(owner === ownerId ? failure : null);
    if (owner !== null) {
      makeRoom(owner);
    }
    const way = ownerId === null ? operatorEgresses.of(owner) : egress.of(ownerId);
    const owned = {
      connection: connect(
        { egress: way, memory: () => memoryFor(owner), onLost: lose, onHealth: health.note, limits },
        server.target,
      ),
      usedAt: now(),
    };
    ownedConnections.set(owner, owned);
    return owned;
  };
  const connection = (): Connection => ownedConnectionOf(ownerId).connection;
  const connections = (): Connection[] => [...ownedConnections.values()].map((owned) => owned.connection);

  const catalogue = createToolCatalogue({
    name: server.name,
    connection,
    stored: (room) => catalogues.find(store.read, server.id, room),
    save: (listed, before) => saveTools({ store, quotas }, server, listed, before),
    now,
    budget,
    holder: ownerId,
    intervalMs: limits.listIntervalMs,
    ended: ended.signal,
  });

  const release = (owner: ConnectionOwner): void => {
    const owned = ownedConnections.get(owner);
    if (owned !== undefined && owner !== ownerId) {
      ownedConnections.delete(owner);
      leaving.add(owned.connection);
      void owned.connection.retire().finally(() => leaving.delete(owned.connection));
    }
  };

  const end = async (how: 'retire' | 'close'): Promise<void> => {
    ended.abort();
    onLost.resolve(null);
    await Promise.all([...connections(), ...leaving].map((one) => one[how]()));
  };

  return {
    server,
    catalogue,
    ended: ended.signal,
    startStoring: () => {
      catalogue.startStoring();
      health.startStoring();
    },
    connectionOf: (organizationId) => {
      const owned = ownedConnectionOf(organizationId);
      owned.usedAt = now();
      return owned.connection;
    },
    owners: () => [...ownedConnections.keys()],
    isOpen: () => {
      const open = connections().map((one) => one.isOpen());
      return open.includes(true) || (open.includes(null) ? null : false);
    },
    stderr: () => connection().stderr(),
    release,
    releaseUnused: (since) => {
      for (const [owner, { usedAt }] of ownedConnections) {
        if (usedAt < since) {
          release(owner);
        }
      }
    },
    usedAt: (organizationId) =>
      organizationId === undefined
        ? Math.max(...[...ownedConnections.values()].map(({ usedAt }) => usedAt), 0)
        : (ownedConnections.get(organizationId)?.usedAt ?? 0),
    isUsedBy: (organizationId) => ownedConnections.has(organizationId),
    lost: () => onLost.promise,
    open: async (others = []) => {
      onLost = Promise.withResolvers();
      // If the server fails for its owner, do not try it for all others.
      await catalogue.refresh();
      await Promise.all(others.map((owner) => ownedConnectionOf(owner).connection.introduce()));
    },
    introduction: async () => (await connection().introduce()).facts,
    knownFault: () => connections().reduce((known: ServerFailed | null, one) => known ?? one.knownFault(), null),
    retire: () => end('retire'),
    close: () => end('close'),
  };
}
