import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gunzip } from 'node:zlib';
import { createBreathing } from '../base/breathe.ts';
import { unpackedBytes } from '../base/gzip.ts';
import { parseExact } from '../base/json.ts';
import { parsedBytes, roomInSteps } from '../base/parsed-bytes.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/** A tool as its server defines it. JSON throughout, members in the server's order. */
export type CataloguedTool = {
  /** As the server lists it: `name` is a string and `inputSchema` an object, nothing else is certain. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** Of the definition: 64 hexadecimal digits. */
  readonly hash: string;
};

/** Characters of JSON that are handed on at once. */
const PIECE_CHARS = 64 * 1024;
const LINE_FEED_CODE = 0x0a;

/** What was last seen of the tools of a server, of an organization's own or of a shared one. */
export type Catalogue = {
  /** In the server's order; null when none were seen at the present URL. */
  readonly tools: readonly CataloguedTool[] | null;
  /** What the tools take in memory; 0 where there are none. */
  readonly bytes: number;
  /** Milliseconds since the epoch; null together with `tools`. */
  readonly seenAt: number | null;
  /**
   * By the name of a tool (ask with `Object.hasOwn`), the hash that it had when tools were first seen; null before that.
   * A tool that is not in it is new since then.
   */
  readonly pins: Readonly<Record<string, string>> | null;
};

/**
 * What was last seen of a server's tools; all null when nothing ever was, or when there is no such server. Others have
 * their turn between two tools. There must be `room` for so many bytes before more is unpacked or parsed.
 */
export async function find(db: Db, serverId: string, room: (bytes: number) => Promise<void>): Promise<Catalogue> {
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
    pins: row?.pins ? JSON.parse(row.pins) : null,
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
  const breathe = createBreathing();
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
    await breathe();
  }
  return { tools, bytes };
}

/** The pins of a server alone; null as in its catalogue. */
export async function pins(db: Db, serverId: string): Promise<Catalogue['pins']> {
  const row = await db.sql
    .selectFrom('server_catalogues')
    .select('pins')
    .where('server_id', '=', serverId)
    .executeTakeFirst();
  return row?.pins ? JSON.parse(row.pins) : null;
}

/** A list of tools as it is stored. */
export type PackedCatalogue = { readonly tools: Uint8Array; readonly pins: string; readonly seenAt: number };

/**
 * Packs the tools that a server listed at `seenAt` (milliseconds since the epoch). They may be many: they are compressed
 * off this thread, piece by piece, before the transaction that stores them, and others have their turn between the pieces.
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
  const breathe = createBreathing();
  const members: string[] = [];
  for (const { definition, hash } of tools) {
    members.push(`${JSON.stringify(definition.name)}:${JSON.stringify(hash)}`);
    await breathe();
  }
  return `{${members.join(',')}}`;
}

/** A list with a tool on each line: JSON itself has no line breaks. */
async function* piecesOf(tools: readonly CataloguedTool[]): AsyncGenerator<Buffer> {
  const breathe = createBreathing();
  let piece = '[';
  for (const [index, tool] of tools.entries()) {
    piece += `${index === 0 ? '' : ',\n'}${JSON.stringify(tool)}`;
    if (piece.length > PIECE_CHARS) {
      yield Buffer.from(piece);
      piece = '';
    }
    await breathe();
  }
  yield Buffer.from(`${piece}]`);
}

/**
 * Stores what a server has listed in place of what was there before. The first tools that are ever stored become its
 * pins. Look in the same write that the server is there: nothing would delete the catalogue of one that is not.
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
 * Forgets the tools and empties the pins of a server that is now at a place which nobody who may approve has named:
 * whatever it lists from then on is new, and waits until somebody approves it, also when no tools were ever seen.
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

/** Forgets all of a server that is being deleted, in the same write. */
export async function remove(db: Db, serverId: string): Promise<void> {
  await db.sql.deleteFrom('server_catalogues').where('server_id', '=', serverId).execute();
}

/** Forgets all of an organization's own servers, which are still there and deleted with it in the same write. */
export async function removeOf(db: Db, organizationId: string): Promise<void> {
  const own = await db.sql.selectFrom('servers').select('id').where('organization_id', '=', organizationId).execute();
  for (const ids of slices(own.map(({ id }) => id))) {
    await db.sql.deleteFrom('server_catalogues').where('server_id', 'in', ids).execute();
  }
}
