import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gzipSync } from 'node:zlib';
import type { DerivedTool } from './types.ts';

/** Milliseconds for which the tools are read in one turn of the event loop. */
const TURN = 5;
/** Bytes that packed tools may unpack to: twice what `derive` lets through. */
const MOST = 64 * 1024 * 1024;

/** Tools for storage: gzip of one line of JSON for each. Takes its time; for a worker thread. */
export function packTools(tools: readonly DerivedTool[]): Uint8Array {
  const lines = tools.map((tool) => Buffer.from(`${JSON.stringify(tool)}\n`));
  return gzipSync(Buffer.concat(lines), { level: constants.Z_BEST_SPEED });
}

/**
 * The tools of `packTools`, in their order, without holding up other work: they are unpacked on another thread and
 * parsed a few milliseconds at a time. Who needs one of them can stop there.
 */
export async function* readTools(packed: Uint8Array): AsyncGenerator<DerivedTool, void, undefined> {
  const lines: Buffer = await promisify(gunzip)(packed, { maxOutputLength: MOST });
  let turnEnds = performance.now() + TURN;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(10, start);
    yield JSON.parse(lines.toString('utf8', start, end)) as DerivedTool;
    start = end + 1;
    if (performance.now() > turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN;
    }
  }
}
