import { readJson } from '../base/read-json.ts';
import {
  type EncodingErrorHandler,
  readEncodingErrorHandler,
  readSharedTransport,
  type SharedTransport,
} from '../contract/closed-words.ts';
import * as catalogues from './catalogues.ts';
import type { Database } from './schema.ts';
import { SEALED } from './sealed.ts';
import type { Db } from './store.ts';

/** The connection settings of a shared server, with the keys of the Operator API. Sealed at rest. */
export type McpServerConfig = {
  /** Unique among enabled servers. */
  name: string;
  transport: SharedTransport;
  url: string | null;
  command: string | null;
  args: string[];
  headers: Record<string, string>;
  env: Record<string, string>;
  cwd: string | null;
  encoding: string | null;
  encodingErrorHandler: EncodingErrorHandler | null;
  timeoutSeconds: number | null;
  sseReadTimeoutSeconds: number | null;
  terminateOnClose: boolean | null;
  /** Always empty. */
  sessionKwargs: Record<string, never>;
};

/**
 * An MCP server of the operator; organizations use it once it is shared with them. Times are milliseconds since the
 * epoch.
 */
export type SharedServer = {
  /** A UUID. */
  id: string;
  slug: string;
  name: string;
  enabled: boolean;
  mcpServer: McpServerConfig;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** A shared server, before it is stored. */
export type NewSharedServer = Omit<SharedServer, 'slug' | 'version'>;

/** How many servers may have slugs that begin alike: the first has the slug itself, the last ends in `-99`. */
const MAX_ALIKE_SLUGS = 99;

/**
 * Stores a new server, version 1, that is shared with no organization, and returns it with the first free slug:
 * `slugBase`, or `slugBase` with `-2` to `-99`. Returns null, and stores nothing, if all are taken. If it is enabled,
 * first call `enabledNamed` in the same write: the database refuses a second server of that name.
 */
export async function insert(db: Db, server: NewSharedServer, slugBase: string): Promise<SharedServer | null> {
  const slug = await freeSlug(db, slugBase);
  if (slug === null) {
    return null;
  }
  const created = { ...server, slug, version: 1 };
  await db.sql
    .insertInto('shared_servers')
    .values({ ...toRow(db, created), shared_with_all: 0 })
    .execute();
  return created;
}

/** Returns the server with that id, or null. */
export async function find(db: Db, id: string): Promise<SharedServer | null> {
  const row = await db.sql.selectFrom('shared_servers').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toSharedServer(db, row) : null;
}

/** Returns the version of the server with that id, or null; works even if its configuration cannot be opened. */
export async function versionOf(db: Db, id: string): Promise<number | null> {
  const row = await db.sql.selectFrom('shared_servers').select('version').where('id', '=', id).executeTakeFirst();
  return row?.version ?? null;
}

/** A stored server; without its configuration if that cannot be opened. */
export type StoredSharedServer = Omit<SharedServer, 'mcpServer'> & { readonly mcpServer: McpServerConfig | null };

/** Returns every shared server, oldest first, ties by id, even if its configuration cannot be opened. */
export async function listStored(db: Db): Promise<StoredSharedServer[]> {
  const rows = await db.sql.selectFrom('shared_servers').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => {
    try {
      return toSharedServer(db, row);
    } catch {
      return { ...toStored(row), mcpServer: null };
    }
  });
}

/** Returns every shared server, oldest first, ties by id. */
export async function list(db: Db): Promise<SharedServer[]> {
  const rows = await db.sql.selectFrom('shared_servers').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => toSharedServer(db, row));
}

/** Returns the ids of all enabled servers, oldest first. */
export async function enabledIds(db: Db): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('shared_servers')
    .select('id')
    .where('enabled', '=', 1)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Returns the id of the enabled server with that name in its configuration, or null. */
export async function enabledNamed(db: Db, mcpName: string): Promise<string | null> {
  const row = await db.sql
    .selectFrom('shared_servers')
    .select('id')
    .where('mcp_name', '=', mcpName)
    .where('enabled', '=', 1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Replaces a server if its version is still `expectedVersion`, and returns it with the next version; returns null if it
 * was changed or deleted. Its slug, `createdAt` and organizations do not change. If it is enabled, first call
 * `enabledNamed` in the same write, as for `insert`.
 */
export async function update(db: Db, server: SharedServer, expectedVersion: number): Promise<SharedServer | null> {
  const updated = { ...server, version: expectedVersion + 1 };
  const { id, slug, created_at, ...changes } = toRow(db, updated);
  const { numUpdatedRows } = await db.sql
    .updateTable('shared_servers')
    .set(changes)
    .where('id', '=', id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n ? updated : null;
}

/**
 * Deletes a server with its catalogue, its accounts in all organizations and their endpoints. Returns false if there is
 * none.
 */
export async function remove(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql.deleteFrom('shared_servers').where('id', '=', id).executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) {
    return false;
  }
  await catalogues.remove(db, id);
  return true;
}

/** Returns the slug that a new server would get now, as in `insert`; null if all are taken. */
export async function freeSlug(db: Db, base: string): Promise<string | null> {
  const slugs = Array.from({ length: MAX_ALIKE_SLUGS }, (_, index) => (index === 0 ? base : `${base}-${index + 1}`));
  const rows = await db.sql.selectFrom('shared_servers').select('slug').where('slug', 'in', slugs).execute();
  const taken = new Set(rows.map(({ slug }) => slug));
  return slugs.find((slug) => !taken.has(slug)) ?? null;
}

function toRow(db: Db, server: SharedServer): Omit<Database['shared_servers'], 'shared_with_all'> {
  return {
    id: server.id,
    slug: server.slug,
    name: server.name,
    enabled: server.enabled ? 1 : 0,
    mcp_name: server.mcpServer.name,
    config: db.secrets.seal(JSON.stringify(server.mcpServer), SEALED.sharedServerConfig.contextOf(server.id)),
    version: server.version,
    created_at: server.createdAt,
    updated_at: server.updatedAt,
  };
}

function toSharedServer(db: Db, row: Database['shared_servers']): SharedServer {
  const config = readJson(db.secrets.open(row.config, SEALED.sharedServerConfig.contextOf(row.id))) as McpServerConfig;
  const { transport, encodingErrorHandler } = config;
  const mcpServer = {
    ...config,
    transport: readSharedTransport(transport, 'shared_servers', row.id),
    encodingErrorHandler:
      encodingErrorHandler === null ? null : readEncodingErrorHandler(encodingErrorHandler, 'shared_servers', row.id),
  };
  return { ...toStored(row), mcpServer };
}

const toStored = (row: Database['shared_servers']): Omit<SharedServer, 'mcpServer'> => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  enabled: row.enabled === 1,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
