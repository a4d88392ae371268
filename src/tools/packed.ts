import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzipSync } from 'node:zlib';
import { unpackedBytes } from '../base/gzip.ts';
import { parsedBytes, roomInSteps } from '../base/parsed-bytes.ts';
import type { DerivedTool } from './types.ts';

/** Milliseconds for which the tools are read in one turn of the event loop. */
const TURN_MS = 5;
/** Bytes that packed tools may unpack to: twice what `derive` lets through. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** Tools for storage: gzip of one line of JSON for each. Takes its time; for a worker thread. */
export function packTools(tools: readonly DerivedTool[]): Uint8Array {
  const lines = tools.map((tool) => Buffer.from(`${JSON.stringify(tool)}\n`));
  return gzipSync(Buffer.concat(lines), { level: constants.Z_BEST_SPEED });
}

/** The tool of one line of `packTools`. */
export const toolOf = (line: Buffer): DerivedTool => JSON.parse(line.toString('utf8')) as DerivedTool;

/**
 * The tools of `packTools`, in their order, without holding up other work: they are unpacked on another thread and
 * parsed a few milliseconds at a time. Who needs one of them can stop there. There must be `room` for so many bytes: the
 * text of all and the tool that is read. Who keeps more of it than that has to hold it.
 */
export async function* readTools(
  packed: Uint8Array,
  room: (bytes: number) => Promise<void>,
): AsyncGenerator<DerivedTool, void, undefined> {
  for await (const [tool] of readLines(packed, room)) {
    yield tool;
  }
}

/** As `readTools`, each tool with its line, which is a part of the text of all. */
export async function* readLines(
  packed: Uint8Array,
  room: (bytes: number) => Promise<void>,
): AsyncGenerator<[DerivedTool, Buffer], void, undefined> {
  const size = unpackedBytes(packed);
  const roomFor = roomInSteps(room);
  await roomFor(size);
  const lines: Buffer = await promisify(gunzip)(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  let turnEnds = performance.now() + TURN_MS;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(10, start);
    const line = lines.subarray(start, end);
    await roomFor(size + parsedBytes(line));
    yield [toolOf(line), line];
    start = end + 1;
    if (performance.now() > turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
  }
}
