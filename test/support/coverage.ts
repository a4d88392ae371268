import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where test processes write down which documented answers they have seen; emptied before every run. */
export const COVERAGE_FOLDER = join(import.meta.dirname, '../../node_modules/.cache/contract-coverage');

const seen = new Set<string>();

/** Notes that the tests have seen this documented answer of an operation. */
export function recordCoverage(operationId: string, status: string): void {
  const pair = `${operationId} ${status}`;
  if (!seen.has(pair)) {
    seen.add(pair);
    mkdirSync(COVERAGE_FOLDER, { recursive: true });
    appendFileSync(join(COVERAGE_FOLDER, `${process.pid}.txt`), `${pair}\n`);
  }
}
