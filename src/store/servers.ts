import { type RawBuilder, sql } from 'kysely';
import { isTurnOver, nextTurn } from '../base/event-loop-turns.ts';
import { readJson } from '../base/read-json.ts';
import { type ApprovalPolicy, readApprovalPolicy, readTransport, type Transport } from '../contract/closed-words.ts';
import * as accounts from './accounts.ts';
import * as catalogues from './catalogues.ts';
import type { Database } from './schema.ts';
import { SEALED } from './sealed.ts';
import type { Db } from './store.ts';

/** Bytes of sealed headers that are read at once. */
const SLICE_BYTES = 256 * 1024;

/** A remote MCP server of an organization. Times are milliseconds since the epoch. */
export type Server = {
  /** A UUID, without the wire format's prefix. */
  id: string;
  organizationId: string;
  name: string;
  description: string | null;
  url: string;
  transport: Transport;
  /** Sealed at rest. */
  requestHeaders: Record<string, string>;
  approvalPolicy: ApprovalPolicy;
  tags: string[];
  /** Seconds of silence after which a request fails; null means the default. */
  timeoutSeconds: number | null;
  /** How many people must approve a call that waits. */
  requiredApprovals: number;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** A server, before it is stored. */
export type NewServer = Omit<Server, 'version'>;

/** The columns by which servers can be sorted. */
export type ServerSort = 'created_at' | 'updated_at' | 'name';

/** A page by position. Ties of `sort` are ordered by id, in the same direction. */
export type ServerPage = {
  offset: number;
  limit: number;
  sort: ServerSort;
  order: 'asc' | 'desc';
  /** Only servers with this text in name, description or url, in any case. */
  search?: string;
};

/**
 * Stores a new server, version 1, with its account, adds it to the count of its organization (which must exist), and
 * returns it.
 */
export async function insert(db: Db, server: NewServer): Promise<Server> {
  const created = { ...server, version: 1 };
  await db.sql.insertInto('servers').values(toRow(db, created)).execute();
  await accounts.insertOfServer(db, created);
  await addToCount(db, server.organizationId, 1);
  return created;
}

/** Returns an organization's server, or null. */
export async function find(db: Db, organizationId: string, id: string): Promise<Server | null> {
  const row = await db.sql
    .selectFrom('servers')
    .selectAll()
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toServer(db, row) : null;
}

/**
 * Replaces a server if its version is still `expectedVersion`, and returns it with the next version; returns null if it
 * was changed or deleted. `organizationId` and `createdAt` do not change.
 */
export async function update(db: Db, server: Server, expectedVersion: number): Promise<Server | null> {
  const updated = { ...server, version: expectedVersion + 1 };
  const { id, organization_id, created_at, ...changes } = toRow(db, updated);
  const { numUpdatedRows } = await db.sql
    .updateTable('servers')
    .set(changes)
    .where('id', '=', id)
    .where('organization_id', '=', organization_id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n ? updated : null;
}

/**
 * Deletes a server with its account, endpoints, catalogue and approvals, and updates the count. Returns false if there
 * is none.
 */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('servers')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) {
    return false;
  }
  await catalogues.remove(db, id);
  await addToCount(db, organizationId, -1);
  return true;
}

/**
 * Returns one page of an organization's servers. With `search`, use `store.slowRead`: it scans every server. Waits for
 * `room` for the sealed headers of the page, in bytes, before it reads anything.
 */
export async function page(
  db: Db,
  organizationId: string,
  query: ServerPage,
  room: (bytes: number) => Promise<void> = async () => undefined,
): Promise<Server[]> {
  const { sort, order, search } = query;
  const cut = search === undefined ? fromNearerEnd(query, await count(db, organizationId)) : query;
  if (cut.limit <= 0) {
    return [];
  }
  const [wanted, key] =
    search === undefined
      ? [db.sql.selectFrom('servers').where('organization_id', '=', organizationId), sql.ref(sort)]
      : [searched(db, organizationId, search), unindexed(sort)];
  // The rows before the page are skipped in an index; only the page's own rows are fetched.
  const ids = wanted.select('id').orderBy(key, cut.order).orderBy('id', cut.order).limit(cut.limit).offset(cut.offset);
  const sizes = await db.sql
    .selectFrom('servers')
    .select(['id', sql<number>`octet_length(request_headers)`.as('bytes')])
    .where('id', 'in', ids)
    .orderBy(sort, order)
    .orderBy('id', order)
    .execute();
  await room(sizes.reduce((sum, { bytes }) => sum + Number(bytes), 0));
  const servers: Server[] = [];
  for (const slice of bySize(sizes)) {
    const rows = await db.sql.selectFrom('servers').selectAll().where('id', 'in', slice).execute();
    const found = new Map(rows.map((row) => [row.id, row]));
    for (const id of slice) {
      const row = found.get(id);
      // It may have been deleted meanwhile.
      if (row !== undefined) {
        servers.push(toServer(db, row));
      }
    }
    if (isTurnOver()) {
      await nextTurn(organizationId);
    }
  }
  return servers;
}

/** Ids in slices of rows that are read and unsealed in one go. */
function bySize(sizes: readonly { readonly id: string; readonly bytes: number }[]): string[][] {
  const slices: string[][] = [];
  let slice: string[] = [];
  let sum = 0;
  for (const { id, bytes } of sizes) {
    slice.push(id);
    sum += Number(bytes);
    if (sum > SLICE_BYTES) {
      slices.push(slice);
      slice = [];
      sum = 0;
    }
  }
  return slice.length === 0 ? slices : [...slices, slice];
}

/** A server with calls that wait for a person: its URL and its policy. */
export type HeldBack = Pick<Server, 'id' | 'url' | 'approvalPolicy' | 'requiredApprovals'>;

/** Returns the servers of an organization with calls that wait for a person. */
export async function heldBack(db: Db, organizationId: string): Promise<HeldBack[]> {
  const rows = await db.sql
    .selectFrom('servers')
    .select(['id', 'url', 'approval_policy', 'required_approvals'])
    .where('organization_id', '=', organizationId)
    .where('approval_policy', '<>', 'auto_approve_all')
    .execute();
  return rows.map(({ id, url, approval_policy, required_approvals }) => ({
    id,
    url,
    approvalPolicy: readApprovalPolicy(approval_policy, 'servers', id),
    requiredApprovals: required_approvals,
  }));
}

/** Returns the number of servers of an organization, 0 if there is no such organization. Costs one lookup. */
export async function count(db: Db, organizationId: string): Promise<number> {
  const row = await db.sql
    .selectFrom('organizations')
    .select('server_count')
    .where('id', '=', organizationId)
    .executeTakeFirst();
  return row?.server_count ?? 0;
}

/** Returns the number of servers that a search finds. Scans every server of the organization: use `store.slowRead`. */
export async function countMatching(db: Db, organizationId: string, search: string): Promise<number> {
  const row = await searched(db, organizationId, search)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

/** The same rows of `total`, counted from the end when that skips fewer. */
function fromNearerEnd(
  { offset, limit, order }: ServerPage,
  total: number,
): Pick<ServerPage, 'offset' | 'limit' | 'order'> {
  const after = total - offset - limit;
  if (after >= offset) {
    return { offset, limit, order };
  }
  return {
    offset: Math.max(after, 0),
    limit: Math.min(limit, total - offset),
    order: order === 'asc' ? 'desc' : 'asc',
  };
}

function searched(db: Db, organizationId: string, search: string) {
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return db.sql
    .selectFrom('servers')
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`search_text like ${pattern} escape '\\'`);
}

/** The sort, but not as an index has it: SQLite would follow that and fetch every row, where one for searches will do. */
const unindexed = (sort: ServerSort): RawBuilder<unknown> =>
  sort === 'name' ? sql`${sql.ref(sort)} || ''` : sql`${sql.ref(sort)} + 0`;

async function addToCount(db: Db, organizationId: string, change: 1 | -1): Promise<void> {
  await db.sql
    .updateTable('organizations')
    .set(({ eb }) => ({ server_count: eb('server_count', '+', change) }))
    .where('id', '=', organizationId)
    .execute();
}

function toRow(db: Db, server: Server): Database['servers'] {
  return {
    id: server.id,
    organization_id: server.organizationId,
    name: server.name,
    description: server.description,
    url: server.url,
    transport: server.transport,
    request_headers: db.secrets.seal(JSON.stringify(server.requestHeaders), SEALED.serverHeaders.contextOf(server.id)),
    approval_policy: server.approvalPolicy,
    tags: JSON.stringify(server.tags),
    timeout_seconds: server.timeoutSeconds,
    required_approvals: server.requiredApprovals,
    search_text: [server.name, server.description ?? '', server.url].join('\n').toLowerCase(),
    version: server.version,
    created_at: server.createdAt,
    updated_at: server.updatedAt,
  };
}

function toServer(db: Db, row: Database['servers']): Server {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    description: row.description,
    url: row.url,
    transport: readTransport(row.transport, 'servers', row.id),
    requestHeaders: readJson(
      db.secrets.open(row.request_headers, SEALED.serverHeaders.contextOf(row.id)),
    ) as Server['requestHeaders'],
    approvalPolicy: readApprovalPolicy(row.approval_policy, 'servers', row.id),
    tags: readJson(row.tags) as Server['tags'],
    timeoutSeconds: row.timeout_seconds,
    requiredApprovals: row.required_approvals,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
