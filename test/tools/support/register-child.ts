import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDeriver, type Deriver, deriveInWorker } from '../../../src/tools/derive-in-worker.ts';
import { readTools } from '../../../src/tools/packed.ts';
import { anyRoom } from '../../support/any-room.ts';

/** What one document came to. `stall`: the longest time, in milliseconds, for which the event loop stood still. */
export type Line = { name: string; outcome: string; tools: number; milliseconds: number; stall: number };
export type LastLine = { megabytes: number };

// Registers every file of a folder, one after another, and prints a line of JSON for each, then one for the process,
// which has to end by itself.
const [folder = ''] = process.argv.slice(2);
let longest = 0;
let last = performance.now();
const watch = setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}, 1);

for (const name of readdirSync(folder).toSorted()) {
  await register(name, new Uint8Array(readFileSync(join(folder, name))), deriveInWorker);
}
const crowded = new TextEncoder().encode(`openapi: 3.1.0\npaths: {}\nx:\n${'- {a: b}\n'.repeat(160_000)}`);
await register('in 30 MB', crowded, createDeriver({ deadline: 60_000, idle: 1, megabytes: 30 }));
clearInterval(watch);
process.stdout.write(`${JSON.stringify({ megabytes: process.resourceUsage().maxRSS / 1024 } satisfies LastLine)}\n`);

async function register(name: string, bytes: Uint8Array, derive: Deriver): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  longest = 0;
  const start = performance.now();
  const line: Line = { name, outcome: '', tools: 0, milliseconds: 0, stall: 0 };
  try {
    const { skipped, tools } = await derive(bytes, { integration: 'large' });
    for await (const _tool of readTools(tools, anyRoom)) {
      line.tools += 1;
    }
    line.outcome = skipped.map(({ reason }) => reason).join('\n');
  } catch (error) {
    line.outcome = error instanceof Error && error.name === 'DocumentError' ? error.message : `not refused: ${error}`;
  }
  line.milliseconds = performance.now() - start;
  line.stall = longest;
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
