import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the test processes of this run write down which documented answers they have seen. */
export const COVERAGE_FOLDER = join(process.env.GATEHOUSE_TEST_RUN ?? '', 'coverage');

const seen = new Set<string>();

/** Notes that the tests have seen this documented answer of an operation. */
export function recordCoverage(operationId: string, status: string): void {
  const pair = `${operationId} ${status}`;
  if (!seen.has(pair)) {
    seen.add(pair);
    appendFileSync(join(COVERAGE_FOLDER, `${process.pid}.txt`), `${pair}\n`);
  }
}
