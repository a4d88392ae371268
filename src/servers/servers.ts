import { isDeepStrictEqual } from 'node:util';
import { requireGuarded } from '../approvals/guarded-places.ts';
import { audit } from '../audit/changes.ts';
import { teamServer } from '../audit/wire.ts';
import { requireOrganization } from '../auth/credentials.ts';
import { mayApprove, type ServersCaller } from '../base/caller.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import { isReachedAlike, toConnectable } from '../runtime/connectable.ts';
import type { Candidate } from '../runtime/runtime.ts';
import { urlWithoutSecrets } from '../runtime/target-secrets.ts';
import * as catalogues from '../store/catalogues.ts';
import * as serverHealth from '../store/server-health.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { isMoved, requireDialable, requireMayChange, requireMayDecide, requireRoom } from './checks.ts';

type Server = servers.Server;
/** The fields of a server that a caller may set. */
export type ServerFields = Pick<
  Server,
  | 'name'
  | 'url'
  | 'description'
  | 'approvalPolicy'
  | 'transport'
  | 'requestHeaders'
  | 'tags'
  | 'timeoutSeconds'
  | 'requiredApprovals'
>;

/** A server, and its health; null if the gateway has not used it as it is configured now. */
export type ServerWithHealth = { readonly server: Server; readonly health: serverHealth.ServerHealth | null };

/** The organization has no such server. Another organization may have it. */
export class ServerMissing extends Error {
  override readonly name = 'ServerMissing';
  /** The UUID. */
  readonly id: string;
  readonly organizationId: string;

  constructor(id: string, organizationId: string) {
    super('the organization has no such server');
    this.id = id;
    this.organizationId = organizationId;
  }
}

/** The maximum time for a new connection beside the one in use, in milliseconds. */
const BRING_UP_TIMEOUT_MS = 10_000;

/** Returns the documented defaults for missing fields. */
export const defaultFields = (): Omit<ServerFields, 'name' | 'url'> => ({
  description: null,
  approvalPolicy: 'require_approval_all',
  transport: 'STREAMABLE_HTTP',
  requestHeaders: {},
  tags: [],
  timeoutSeconds: null,
  requiredApprovals: 1,
});

/**
 * Registers a server without contacting it. A policy other than the strictest requires the permission `approvals`;
 * only for callers with it, the first listed tools count as seen. Throws `validation_failed`, `forbidden`,
 * `quota_exceeded`.
 */
export async function createServer(
  { store, now, ids, quotas }: Deps,
  caller: ServersCaller,
  given: Partial<ServerFields> & Pick<ServerFields, 'name' | 'url'>,
): Promise<Server> {
  const at = now();
  const fields: ServerFields = { ...defaultFields(), ...given };
  requireDialable(fields);
  requireRoom(given.requestHeaders);
  requireMayDecide(caller, defaultFields(), fields);
  return store.writeFor(caller.organizationId, async (db) => {
    const { organizationId } = caller;
    await requireOrganization(db, organizationId);
    const fresh = { ...fields, id: ids.uuid(), organizationId, createdAt: at, updatedAt: at };
    const server = await withinQuotas(db, quotas, organizationId, ['servers', 'accounts'], () =>
      servers.insert(db, fresh),
    );
    if (!mayApprove(caller)) {
      await catalogues.clearPins(db, server.id);
    }
    await audit(db, { at, actor: caller, action: 'server.created', target: teamServer(server.id) });
    return server;
  });
}

/**
 * Changes the given fields of a server. The result must have a URL that its transport supports. The permission
 * `approvals` is required to change the policy, to move a server without approvals, and to move a server away from a
 * place where calls of integrations would then run at once. A move clears the pins and tool approvals. Throws
 * ServerMissing, `precondition_failed`, `validation_failed`, `forbidden`.
 */
export async function updateServer(
  deps: Deps,
  caller: ServersCaller,
  id: string,
  changes: Partial<ServerFields>,
  expected: ExpectedVersion,
): Promise<Server> {
  requireRoom(changes.requestHeaders);
  const candidate = await bringUp(deps, caller, id, changes, expected);
  try {
    const updated = await storeChanges(deps, caller, id, changes, expected);
    // Another update may have been stored in between.
    if (candidate !== null && isDeepStrictEqual(toConnectable(updated).target, candidate.server.target)) {
      candidate.use();
    } else {
      candidate?.discard();
    }
    return updated;
  } catch (error) {
    candidate?.discard();
    throw error;
  }
}

/**
 * Opens a connection with the changes, beside the one in use, whether it succeeds or not. Returns null if there is no
 * connection in use, or if the server is reached as before. The checks run again in the transaction that stores the
 * changes.
 */
async function bringUp(
  { store, runtime }: Deps,
  caller: ServersCaller,
  id: string,
  changes: Partial<ServerFields>,
  expected: ExpectedVersion,
): Promise<Candidate | null> {
  if (!runtime.isConnectedTo(id)) {
    return null;
  }
  const before = await findServer(store.read, caller, id);
  requireVersion(expected, before.version);
  const after = { ...before, ...changes, version: before.version + 1 };
  requireDialable(after);
  await requireMayChange(store.read, caller, before, after);
  const connectable = toConnectable(after);
  return runtime.isReachedAs(connectable) ? null : runtime.bringUp(connectable, BRING_UP_TIMEOUT_MS);
}

async function storeChanges(
  { store, now }: Deps,
  caller: ServersCaller,
  id: string,
  changes: Partial<ServerFields>,
  expected: ExpectedVersion,
): Promise<Server> {
  return store.writeFor(caller.organizationId, async (db) => {
    const before = await findServer(db, caller, id);
    requireVersion(expected, before.version);
    if (Object.keys(changes).length === 0) {
      return before;
    }
    const after = { ...before, ...changes, updatedAt: Math.max(now(), before.updatedAt) };
    requireDialable(after);
    await requireMayChange(db, caller, before, after);
    const updated = await servers.update(db, after, before.version);
    if (updated === null) {
      throw new ServerMissing(id, caller.organizationId);
    }
    if (!isReachedAlike(before, after)) {
      await serverHealth.forget(db, before);
    }
    if (isMoved(before, after)) {
      await catalogues.clearPins(db, before.id);
      await toolApprovals.removeAll(db, { organizationId: before.organizationId, accountId: before.id });
    }
    await audit(db, {
      at: after.updatedAt,
      actor: caller,
      action: 'server.updated',
      target: teamServer(before.id),
      details: {
        changed: Object.keys(changes),
        ...(after.url !== before.url && {
          url: { before: urlWithoutSecrets(before.url), after: urlWithoutSecrets(after.url) },
        }),
      },
    });
    return updated;
  });
}

/**
 * Deletes a server with all its dependent objects. The permission `approvals` is required if calls of integrations
 * wait because of it. Throws ServerMissing, `precondition_failed`, `forbidden`.
 */
export async function deleteServer(
  { store, runtime, now }: Deps,
  caller: ServersCaller,
  id: string,
  expected: ExpectedVersion,
): Promise<void> {
  await store.writeFor(caller.organizationId, async (db) => {
    const server = await findServer(db, caller, id);
    requireVersion(expected, server.version);
    await requireGuarded(db, caller, server, null);
    await servers.remove(db, caller.organizationId, server.id);
    await audit(db, {
      at: now(),
      actor: caller,
      action: 'server.deleted',
      target: teamServer(server.id),
      details: { url: urlWithoutSecrets(server.url) },
    });
  });
  runtime.drop(id);
}

/**
 * Returns a page of the servers of the caller, and the total number. Waits for `room` for the sealed headers, in
 * bytes, before it reads them.
 */
export async function listServers(
  { store: { read, slowRead } }: Deps,
  { organizationId }: ServersCaller,
  page: servers.ServerPage,
  room: (bytes: number) => Promise<void>,
): Promise<{ found: ServerWithHealth[]; total: number }> {
  const { search } = page;
  // A search scans every server.
  const [found, total] = await (search === undefined
    ? Promise.all([servers.page(read, organizationId, page, room), servers.count(read, organizationId)])
    : Promise.all([
        servers.page(slowRead, organizationId, page, room),
        servers.countMatching(slowRead, organizationId, search),
      ]));
  const ids = found.map(({ id }) => id);
  const healths = await serverHealth.find(read, ids);
  return { found: found.map((server) => ({ server, health: healths.get(server.id) ?? null })), total };
}

/** Returns the current server of the caller, and its health. Throws ServerMissing. */
export async function getServer(
  { store: { read } }: Deps,
  caller: ServersCaller,
  id: string,
): Promise<ServerWithHealth> {
  const server = await findServer(read, caller, id);
  return { server, health: (await serverHealth.find(read, [id])).get(id) ?? null };
}

/** Finds a server of the caller. Throws ServerMissing, also for a server of another organization. */
export async function findServer(db: Db, caller: ServersCaller, id: string): Promise<Server> {
  const server = await servers.find(db, caller.organizationId, id);
  if (server === null) {
    throw new ServerMissing(id, caller.organizationId);
  }
  return server;
}
