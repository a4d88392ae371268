import { deriveInWorker } from '../../../src/tools/derive-in-worker.ts';
import { readTools } from '../../../src/tools/packed.ts';
import { HOSTILE } from './hostile.ts';
import { LEGITIMATE } from './large.ts';

/**
 * Registers all large documents one after another and prints a line of JSON for each, then one for the process, which
 * is expected to end by itself.
 */
export type Line = { name: string; outcome: string; tools: number; milliseconds: number; stall: number };
export type LastLine = { megabytes: number };

let longest = 0;
let last = performance.now();
const watch = setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}, 1);

for (const { name, text } of [...LEGITIMATE, ...HOSTILE]) {
  const bytes = new TextEncoder().encode(text());
  await new Promise((resolve) => setTimeout(resolve, 20));
  longest = 0;
  const start = performance.now();
  const line: Line = { name, outcome: '', tools: 0, milliseconds: 0, stall: 0 };
  try {
    const { skipped, tools } = await deriveInWorker(bytes, { integration: 'large' });
    for await (const _tool of readTools(tools)) {
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
clearInterval(watch);
process.stdout.write(`${JSON.stringify({ megabytes: process.resourceUsage().maxRSS / 1024 } satisfies LastLine)}\n`);
