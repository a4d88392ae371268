import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Builds the console before the tests that open it, if its sources are newer than what is built. */
export function setup(): void {
  const root = join(import.meta.dirname, '../..');
  execFileSync(process.execPath, [join(root, 'src/console/build-if-newer.mjs')], { cwd: root, stdio: 'inherit' });
}
