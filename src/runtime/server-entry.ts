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
import { saveTools } from './save-tools.ts';
import type { ServerFailed } from './server-failed.ts';
import { createToolCatalogue, type ToolCatalogue } from './tool-catalogue.ts';

/** What connections are made with. */
export type ServerEntryOptions = {
  readonly store: Store;
  /** The ways out for the URLs of organizations, and those for the URLs of the operator. */
  readonly egress: OrganizationEgresses;
  readonly operatorEgresses: OperatorEgresses;
  readonly now: () => number;
  readonly limits: Pick<Limits, 'listIntervalMs'>;
  readonly budget: MemoryBudget;
  /** How much of it an organization may have stored. */
  readonly quotas: Quotas;
};

/** Whose connection it is: an organization's or, with null, the operator's. */
export type ConnectionOwner = string | null;

/** A server as it is connected to. It changes in nothing: who is reached in another way has another entry. */
export type ServerEntry = {
  readonly server: Connectable;
  readonly catalogue: ToolCatalogue;
  /** Aborted when it is not used any more. */
  readonly ended: AbortSignal;
  /** The connection of an organization; nobody shares one. */
  readonly connectionOf: (organizationId: string) => Connection;
  /** Whose connections there are. */
  readonly owners: () => readonly ConnectionOwner[];
  /** Whether any of them is open; null where none stays open between two requests. */
  readonly isOpen: () => boolean | null;
  /** What the server has last written to its standard error, over its owner's connection; null where there is none. */
  readonly stderr: () => string | null;
  /** Ends an organization's connection to one of the operator's servers, when nobody needs it any more. */
  readonly release: (organizationId: string) => void;
  /** Ends such connections that were not used since. */
  readonly releaseUnused: (since: number) => void;
  /** When any of it was last used, or the connection of an organization was, in milliseconds since the epoch; else 0. */
  readonly usedAt: (organizationId?: string) => number;
  /** Whether an organization has a connection. */
  readonly isUsedBy: (organizationId: string) => boolean;
  /**
   * Resolves when the server was found to be away since it was opened, with the reason; with null when there is doubt, and
   * when the entry ends.
   */
  readonly lost: () => Promise<ServerFailed | null>;
  /** Connects for its owner, and for others, and lists the tools. Throws ServerFailed. */
  readonly open: (others?: readonly ConnectionOwner[]) => Promise<void>;
  /** What is known to be wrong with a server that has not introduced itself yet; null when nothing is. */
  readonly knownFault: () => ServerFailed | null;
  /** Ends it when nobody needs it any more. */
  readonly retire: () => Promise<void>;
  /** Ends it at once. */
  readonly close: () => Promise<void>;
};

/** Called before an organization gets one more connection. */
type MakeRoom = (organizationId: string) => void;

type OwnedConnection = { readonly connection: Connection; usedAt: number };

/**
 * Makes the entry of a server. Nothing is connected yet. By the connection of whoever owns the server its tools are
 * listed and its health is told: over that of the operator nobody else ever calls.
 */
export function createServerEntry(
  options: ServerEntryOptions & { readonly makeRoom: MakeRoom },
  server: Connectable,
): ServerEntry {
  const { store, egress, operatorEgresses, now, limits, budget, quotas, makeRoom } = options;
  const { organizationId: ownerId } = server;
  const ownedConnections = new Map<ConnectionOwner, OwnedConnection>();
  const leaving = new Set<Connection>();
  const ended = new AbortController();
  let onLost = Promise.withResolvers<ServerFailed | null>();

  // What gives way is what is read: it is destroyed by itself.
  const memoryFor = (owner: ConnectionOwner): MemoryScope => new MemoryScope(budget, owner, () => undefined);

  const ownedConnectionOf = (owner: ConnectionOwner): OwnedConnection => {
    const known = ownedConnections.get(owner);
    if (known !== undefined) {
      return known;
    }
    // What becomes of a tenant's connection need not be true of the server: it is only a reason to look after it.
    const lose = (failure: ServerFailed): void => onLost.resolve(owner === ownerId ? failure : null);
    if (owner !== null) {
      makeRoom(owner);
    }
    const way = ownerId === null ? operatorEgresses.of(owner) : egress.of(ownerId);
    const owned = {
      connection: connect({ egress: way, memory: () => memoryFor(owner), onLost: lose }, server.target),
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
      // What does not come up for its owner is not tried for everybody else.
      await catalogue.refresh();
      await Promise.all(others.map((owner) => ownedConnectionOf(owner).connection.introduce()));
    },
    knownFault: () => connections().reduce((known: ServerFailed | null, one) => known ?? one.knownFault(), null),
    retire: () => end('retire'),
    close: () => end('close'),
  };
}
