import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzipSync } from 'node:zlib';
import { unpackedBytes } from '../base/gzip.ts';
import { parsedBytes, roomInSteps } from '../base/parsed-bytes.ts';
import { readJson } from '../base/read-json.ts';
import { loosen } from './loosen.ts';
import type { DerivedTool } from './types.ts';

/** Milliseconds for which the tools are read in one turn of the event loop. */
const TURN_MS = 5;
/** The maximum unpacked size of tools in bytes: twice the limit of `derive`. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** A tool as it is stored. Lines that were written before output schemas were loose have a strict `outputSchema`. */
type StoredTool = DerivedTool & { readonly looseOutput?: DerivedTool['outputSchema'] };

/** Packs tools for storage: gzip of one line of JSON for each. Slow; run it on a worker thread. */
export function packTools(tools: readonly DerivedTool[]): Uint8Array {
  const lines = tools.map(({ name, outputSchema: looseOutput, ...tool }) => {
    // The name comes first: it is read alone.
    const stored: StoredTool = { name, ...tool, ...(looseOutput !== undefined && { looseOutput }) };
    return Buffer.from(`${JSON.stringify(stored)}\n`);
  });
  return gzipSync(Buffer.concat(lines), { level: constants.Z_BEST_SPEED });
}

/** Parses the tool of one line of `packTools`. Its output schema is loose, whenever it was stored. */
export function toolOf(line: Buffer): DerivedTool {
  const { looseOutput, outputSchema: strict, ...tool } = readJson(line.toString('utf8')) as StoredTool;
  const outputSchema = looseOutput ?? (strict === undefined ? undefined : loosen(strict));
  return outputSchema === undefined ? tool : { ...tool, outputSchema };
}

/**
 * Reads the tools of `packTools`, in order, without blocking other work: it unpacks them on another thread and parses
 * for a few milliseconds at a time. The caller may stop early. There must be `room` for the text of all tools and the
 * current tool; a caller that keeps more must hold memory for it.
 */
export async function* readTools(
  packed: Uint8Array,
  room: (bytes: number) => Promise<void>,
): AsyncGenerator<DerivedTool, void, undefined> {
  const size = unpackedBytes(packed);
  const roomFor = roomInSteps(room);
  await roomFor(size);
  for await (const line of linesOf(packed)) {
    await roomFor(size + parsedBytes(line));
    yield toolOf(line);
  }
}

/**
 * Reads the names of the tools of `packTools`, each with its line, which is a part of the whole text. It does not parse
 * the tools: that takes far longer. There must be `room` for the text.
 */
export async function* readLines(
  packed: Uint8Array,
  room: (bytes: number) => Promise<void>,
): AsyncGenerator<[string, Buffer], void, undefined> {
  await room(unpackedBytes(packed));
  for await (const line of linesOf(packed)) {
    yield [nameIn(line), line];
  }
}

/** The name comes first in a line, and is written without escapes: it has only letters, digits and `_`. */
const NAME = /^\{"name":"(\w{1,64})"/;
const MAX_NAME_BYTES = 80;

const nameIn = (line: Buffer): string =>
  NAME.exec(line.toString('latin1', 0, MAX_NAME_BYTES))?.[1] ?? toolOf(line).name;

async function* linesOf(packed: Uint8Array): AsyncGenerator<Buffer, void, undefined> {
  const lines: Buffer = await promisify(gunzip)(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  let turnEnds = performance.now() + TURN_MS;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(10, start);
    const line = lines.subarray(start, end);
    yield line;
    start = end + 1;
    if (performance.now() > turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
  }
}
