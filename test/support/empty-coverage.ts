import { rmSync } from 'node:fs';
import { COVERAGE_FOLDER } from './coverage.ts';

/** Vitest's global set-up: what an earlier run has seen does not count. */
export function setup(): void {
  rmSync(COVERAGE_FOLDER, { recursive: true, force: true });
}
