import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest's global set-up: a folder of this run's own, where test processes write down which answers they have seen. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-coverage-'));
  process.env.GATEHOUSE_TEST_COVERAGE = folder;
  return () => rmSync(folder, { recursive: true });
}
