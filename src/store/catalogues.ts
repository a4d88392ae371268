import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gunzip } from 'node:zlib';
import { createYielding } from '../base/event-loop-turns.ts';
import { unpackedBytes } from '../base/gzip.ts';
import { parseExact } from '../base/json.ts';
import { parsedBytes, roomInSteps } from '../base/parsed-bytes.ts';
import { readJson } from '../base/read-json.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** A tool as its server defines it. JSON throughout, members in the server's order. */
export type CataloguedTool = {
  /** As in the server's list: `name` is a string and `inputSchema` an object; everything else is unverified. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** The hash of the definition: 64 hexadecimal digits. */
  readonly hash: string;
};

/** Characters of JSON that are handed on at once. */
const PIECE_CHARS = 64 * 1024;
const LINE_FEED_CODE = 0x0a;

/** The last seen tools of an own or shared server. */
export type StoredCatalogue = {
  /** In the server's order; null if no list was seen at the current URL. */
  readonly tools: readonly CataloguedTool[] | null;
  /** The memory of the tools in bytes; 0 if there are none. */
  readonly bytes: number;
  /** Milliseconds since the epoch; null together with `tools`. */
  readonly seenAt: number | null;
  /**
   * For each tool name (use `Object.hasOwn`), the hash of the first seen definition; null before the first list. Tools
   * without a pin are new since then.
   */
  readonly pins: Readonly<Record<string, string>> | null;
};

/**
 * Returns the last seen tools of a server; all null if there was no list, or no such server. Other work runs between
 * two tools. Waits for `room` before it unpacks or parses more.
 */
export async function find(db: Db, serverId: string, room: (bytes: number) => Promise<void>): Promise<StoredCatalogue> {
  const row = await db.sql
    .selectFrom('server_catalogues')
    .selectAll()
    .where('server_id', '=', serverId)
    .executeTakeFirst();
  const { tools = null, bytes = 0 } = row?.tools ? await unpacked(row.tools, roomInSteps(room)) : {};
  return {
    tools,
    bytes,
    seenAt: row?.seen_at ?? null,
    pins: row?.pins ? (readJson(row.pins) as StoredCatalogue['pins']) : null,
  };
}

/**
 * The tools of `pack`, which are unpacked off this thread and parsed one by one. A list without a line break is of one tool
 * or none, or was stored before there were any.
 */
async function unpacked(
  packed: Uint8Array,
  room: (bytes: number) => Promise<void> | undefined,
): Promise<{ readonly tools: CataloguedTool[]; readonly bytes: number }> {
  const size = unpackedBytes(packed);
  await room(size);
  const text = await promisify(gunzip)(packed);
  if (!text.includes(LINE_FEED_CODE)) {
    const bytes = parsedBytes(text);
    await room(size + bytes);
    return { tools: parseExact(text.toString()) as CataloguedTool[], bytes };
  }
  let bytes = 0;
  const yieldTurn = createYielding();
  const tools: CataloguedTool[] = [];
  for (let start = 1; start < text.length; ) {
    const feed = text.indexOf(LINE_FEED_CODE, start);
    // What comes before the end of a line is a comma, and at the end of all a bracket.
    const end = feed === -1 ? text.length : feed;
    const line = text.toString('utf8', start, end - 1);
    bytes += parsedBytes(line);
    await room(size + bytes);
    tools.push(parseExact(line) as CataloguedTool);
    start = end + 1;
    await yieldTurn();
  }
  return { tools, bytes };
}

/** Returns only the pins of a server; null as in its catalogue. */
export async function pins(db: Db, serverId: string): Promise<StoredCatalogue['pins']> {
  const row = await db.sql
    .selectFrom('server_catalogues')
    .select('pins')
    .where('server_id', '=', serverId)
    .executeTakeFirst();
  return row?.pins ? (readJson(row.pins) as StoredCatalogue['pins']) : null;
}

/** The stored form of a list of tools. */
export type PackedCatalogue = { readonly tools: Uint8Array; readonly pins: string; readonly seenAt: number };

/**
 * Packs the tools that a server listed at `seenAt` (milliseconds since the epoch). There may be many: they are
 * compressed on another thread, piece by piece, before the transaction that stores them, and other work runs between
 * the pieces.
 */
export async function pack({
  tools,
  seenAt,
}: {
  readonly tools: readonly CataloguedTool[];
  readonly seenAt: number;
}): Promise<PackedCatalogue> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  const packed = buffer(gzip);
  await pipeline(Readable.from(piecesOf(tools), { objectMode: false }), gzip);
  return { tools: await packed, pins: await pinsOf(tools), seenAt };
}

/** JSON of the hashes of tools by their names, which all differ. */
async function pinsOf(tools: readonly CataloguedTool[]): Promise<string> {
  const yieldTurn = createYielding();
  const members: string[] = [];
  for (const { definition, hash } of tools) {
    members.push(`${JSON.stringify(definition.name)}:${JSON.stringify(hash)}`);
    await yieldTurn();
  }
  return `{${members.join(',')}}`;
}

/** A list with a tool on each line: JSON itself has no line breaks. */
async function* piecesOf(tools: readonly CataloguedTool[]): AsyncGenerator<Buffer> {
  const yieldTurn = createYielding();
  let piece = '[';
  for (const [index, tool] of tools.entries()) {
    piece += `${index === 0 ? '' : ',\n'}${JSON.stringify(tool)}`;
    if (piece.length > PIECE_CHARS) {
      yield Buffer.from(piece);
      piece = '';
    }
    await yieldTurn();
  }
  yield Buffer.from(`${piece}]`);
}

/**
 * Stores the list of a server in place of the previous one. The first stored list becomes its pins. Check in the same
 * write that the server exists: nothing would delete the catalogue of a missing server.
 */
export async function save(db: Db, serverId: string, { tools, pins, seenAt }: PackedCatalogue): Promise<void> {
  const seen = { tools, seen_at: seenAt };
  await inserting(db, serverId, { ...seen, pins })
    .onConflict((conflict) =>
      conflict.column('server_id').doUpdateSet(({ fn, ref }) => ({
        ...seen,
        pins: fn.coalesce(ref('server_catalogues.pins'), ref('excluded.pins')),
      })),
    )
    .execute();
}

/**
 * Deletes the tools and empties the pins of a server with a new URL that no person with `approvals` has set: every tool
 * that it lists afterwards is new, and waits for approval, even if the server had listed no tools before.
 */
export async function clearPins(db: Db, serverId: string): Promise<void> {
  const nothing = { tools: null, seen_at: null, pins: '{}' };
  await inserting(db, serverId, nothing)
    .onConflict((conflict) => conflict.column('server_id').doUpdateSet(nothing))
    .execute();
}

const inserting = (
  db: Db,
  serverId: string,
  row: { readonly tools: Uint8Array | null; readonly seen_at: number | null; readonly pins: string },
) =>
  db.sql.insertInto('server_catalogues').values(({ selectFrom }) => ({
    server_id: serverId,
    ...row,
    organization_id: selectFrom('servers').select('organization_id').where('id', '=', serverId),
  }));

/** Deletes the catalogue of a server, in the write that deletes the server. */
export async function remove(db: Db, serverId: string): Promise<void> {
  await db.sql.deleteFrom('server_catalogues').where('server_id', '=', serverId).execute();
}

/** Deletes the catalogues of an organization's own servers, in the write that deletes them with the organization. */
export async function removeOf(db: Db, organizationId: string): Promise<void> {
  const own = await db.sql.selectFrom('servers').select('id').where('organization_id', '=', organizationId).execute();
  for (const ids of slices(own.map(({ id }) => id))) {
    await db.sql.deleteFrom('server_catalogues').where('server_id', 'in', ids).execute();
  }
}
