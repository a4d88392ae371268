import { isDeepStrictEqual } from 'node:util';
import { audit } from '../audit/changes.ts';
import { sharedServer } from '../audit/wire.ts';
import type { Caller } from '../base/caller.ts';
import { conflict, invalidValue, notFound } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import { slugOf } from '../base/slugs.ts';
import type { Deps } from '../deps.ts';
import type { Connectable } from '../runtime/connectable.ts';
import type { Reload } from '../runtime/reloads.ts';
import * as catalogues from '../store/catalogues.ts';
import * as store from '../store/shared-servers.ts';
import type { Db } from '../store/store.ts';
import { RELOADED, reloadFailed, reloadRetrying, restartRequired, UNCHANGED } from './reload.ts';
import { describeUnusable, requireUsable, resolveSharedServer, timeoutOf } from './resolve.ts';

type SharedServer = store.SharedServer;
/** The fields of a shared server that the operator may set. */
export type SharedServerFields = Pick<SharedServer, 'name' | 'enabled' | 'mcpServer'>;

/** A saved change and its reload. */
export type SavedChange<T = SharedServer> = {
  readonly data: T;
  readonly reload: Reload;
  /** Whether it was saved only because the caller accepts a server that does not start. */
  readonly isLenient: boolean;
};

/** The maximum time for the start of a server, in milliseconds. */
const BRING_UP_TIMEOUT_MS = 10_000;

/** Returns every shared server, oldest first. */
export const listSharedServers = ({ store: { read } }: Deps): Promise<SharedServer[]> => store.list(read);

/** Returns the current shared server with this id. Throws `not_found`. */
export const getSharedServer = ({ store: { read } }: Deps, id: string): Promise<SharedServer> =>
  findSharedServer(read, id);

/** Finds the shared server with this id. Throws `not_found`. */
export async function findSharedServer(db: Db, id: string): Promise<SharedServer> {
  const server = await store.find(db, id);
  if (server === null) {
    throw noSuchServer(id);
  }
  return server;
}

const noSuchServer = (id: string) => notFound('MCP server', `No MCP server with id ${id}.`);

/**
 * Stores a shared server and uses it. Throws `validation_failed`, `conflict`, and `reload_failed` if it cannot start;
 * a `lenient` caller has it stored nevertheless.
 */
export async function createSharedServer(
  deps: Deps,
  caller: Caller,
  fields: SharedServerFields,
  lenient: boolean,
): Promise<SavedChange> {
  requireUsable(fields, deps.machine);
  const base = slugOf(fields.name);
  if (base === null) {
    const message = 'must hold a letter or a digit of ASCII, of which its slug is made';
    throw invalidValue(['name'], message, 'invalid');
  }
  const at = deps.now();
  const slug = await store.freeSlug(deps.store.read, base);
  if (slug === null) {
    throw tooManyAlike(fields.name);
  }
  const fresh = { ...fields, id: deps.ids.uuid(), createdAt: at, updatedAt: at };
  return apply(deps, { ...fresh, slug, version: 1 }, lenient, async (db) => {
    const created = await store.insert(db, fresh, base);
    if (created === null) {
      throw tooManyAlike(fields.name);
    }
    await audit(db, { at, actor: caller, action: 'server.created', target: sharedServer(fresh.id) });
    return created;
  });
}

/**
 * Changes the given fields of a shared server. Changes of one server run one after another. Throws `not_found`,
 * `precondition_failed`, `validation_failed`, `conflict`, `reload_failed`.
 */
export async function updateSharedServer(
  deps: Deps,
  caller: Caller,
  id: string,
  changes: Partial<SharedServerFields>,
  { lenient, expected }: { readonly lenient: boolean; readonly expected: ExpectedVersion },
): Promise<SavedChange> {
  if (changes.mcpServer !== undefined) {
    requireUsable({ mcpServer: changes.mcpServer }, deps.machine);
  }
  return deps.reloads.inTurn(id, async () => {
    const before = await findSharedServer(deps.store.read, id);
    requireVersion(expected, before.version);
    const changed = (Object.keys(changes) as (keyof SharedServerFields)[]).filter(
      (key) => !isDeepStrictEqual(changes[key], before[key]),
    );
    if (changed.length === 0) {
      return { data: before, reload: UNCHANGED, isLenient: false };
    }
    const updatedAt = Math.max(deps.now(), before.updatedAt);
    const wanted = { ...before, ...changes, version: before.version + 1, updatedAt };
    return apply(deps, wanted, lenient, async (db) => {
      const updated = await store.update(db, wanted, before.version);
      if (updated === null) {
        throw conflict('The server was changed or deleted meanwhile; read it again.');
      }
      if (isElsewhere(before, updated)) {
        await catalogues.remove(db, id);
      }
      await audit(db, {
        at: updatedAt,
        actor: caller,
        action: 'server.updated',
        target: sharedServer(id),
        details: { changed },
      });
      return updated;
    });
  });
}

/** Deletes a shared server with its grants and all endpoints over it. Throws `not_found`, `precondition_failed`. */
export function deleteSharedServer(
  deps: Deps,
  caller: Caller,
  id: string,
  expected: ExpectedVersion,
): Promise<SavedChange<{ id: string; deleted: true }>> {
  return deps.reloads.inTurn(id, async () => {
    await deps.store.write(async (db) => {
      const version = await store.versionOf(db, id);
      if (version === null) {
        throw noSuchServer(id);
      }
      requireVersion(expected, version);
      await store.remove(db, id);
      await audit(db, { at: deps.now(), actor: caller, action: 'server.deleted', target: sharedServer(id) });
    });
    const reload = deps.reloadsLive ? RELOADED : restartRequired('');
    if (deps.reloadsLive) {
      deps.runtime.drop(id);
    }
    note(deps, reload);
    return { data: { id, deleted: true }, reload, isLenient: false };
  });
}

type Commit = (db: Db) => Promise<SharedServer>;

/**
 * Applies a change to the database and the running gateway, or to neither. The new connection is opened before the
 * transaction, beside the one in use.
 */
async function apply(deps: Deps, wanted: SharedServer, lenient: boolean, commit: Commit): Promise<SavedChange> {
  const { runtime, machine, reloadsLive } = deps;
  const resolved = resolveSharedServer(wanted, machine);
  const { connectable } = resolved;
  await requireFreeName(deps.store.read, wanted);
  const save = () =>
    deps.store.write(async (db) => {
      await requireFreeName(db, wanted);
      return commit(db);
    });
  const saved = async (reload: Reload, use: (server: SharedServer) => void): Promise<SavedChange> => {
    const data = await save();
    use(data);
    note(deps, reload);
    return { data, reload, isLenient: false };
  };

  if (!reloadsLive) {
    return saved(restartRequired(''), () => undefined);
  }
  if (!wanted.enabled) {
    return saved(RELOADED, () => runtime.drop(wanted.id));
  }
  if (connectable === null) {
    return saved(restartRequired(describeUnusable(resolved)), () => undefined);
  }
  if (runtime.isReachedAs(connectable)) {
    const status = runtime.status(wanted.id);
    const failure = status?.state === 'unreachable' ? status.lastError : null;
    return saved(failure === null ? RELOADED : reloadRetrying(failure), () => undefined);
  }
  return replace(deps, wanted, connectable, lenient, save);
}

/** Opens the new connection, stores the change, and replaces the connection in use, in this order. */
async function replace(
  deps: Deps,
  wanted: SharedServer,
  connectable: Connectable,
  lenient: boolean,
  save: () => Promise<SharedServer>,
): Promise<SavedChange> {
  const { runtime } = deps;
  const candidate = await runtime.bringUp(connectable, timeoutOf(wanted, BRING_UP_TIMEOUT_MS));
  const { failure } = candidate;
  const isTolerable = failure === null || (failure.mayPass && !(await runtime.isServing(wanted.id)));
  if (!isTolerable && !lenient) {
    const error = reloadFailed(failure, candidate.stderr());
    candidate.discard();
    note(deps, { status: 'reload_failed', message: error.message, error: failure.message });
    deps.log.info({ server: wanted.id, reason: failure.message }, 'reload failed');
    throw error;
  }
  let data: SharedServer;
  try {
    data = await save();
  } catch (error) {
    candidate.discard();
    throw error;
  }
  candidate.use();
  const reload = failure === null ? RELOADED : reloadRetrying(failure.message);
  note(deps, reload);
  return { data, reload, isLenient: lenient && !isTolerable };
}

async function requireFreeName(db: Db, { id, enabled, mcpServer }: SharedServer): Promise<void> {
  const holder = enabled ? await store.enabledNamed(db, mcpServer.name) : null;
  if (holder !== null && holder !== id) {
    throw conflict(`The enabled MCP server ${holder} has the mcpServer.name '${mcpServer.name}' already.`);
  }
}

const tooManyAlike = (name: string) => conflict(`Too many servers have names like '${name}'; choose another one.`);

/** Whether a change may lead to other tools. */
function isElsewhere({ mcpServer: a }: SharedServer, { mcpServer: b }: SharedServer): boolean {
  const place = ({ transport, url, command, args, cwd }: store.McpServerConfig) => ({
    transport,
    url,
    command,
    args,
    cwd,
  });
  return !isDeepStrictEqual(place(a), place(b));
}

function note({ reloads, metrics, now }: Deps, reload: Reload): void {
  metrics.reloads.inc({ status: reload.status });
  reloads.note({ ...reload, at: now() });
}
