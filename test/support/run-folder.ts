import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest's global set-up: a folder of this run's own, where test processes leave what others of the run read. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tests-'));
  mkdirSync(join(folder, 'coverage'));
  process.env.GATEHOUSE_TEST_RUN = folder;
  return () => rmSync(folder, { recursive: true });
}
