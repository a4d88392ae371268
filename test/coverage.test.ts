import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operations } from './support/client.ts';
import { COVERAGE_FOLDER } from './support/coverage.ts';

/** Documented answers that no test can make happen, each with the reason. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  'getApprovalPage 503': 'the console is built before the tests begin',
};

const seen = new Set(
  readdirSync(COVERAGE_FOLDER).flatMap((file) => readFileSync(join(COVERAGE_FOLDER, file), 'utf8').trim().split('\n')),
);

test.each(operations.flatMap(({ id, object }) => Object.keys(object.responses).map((status) => `${id} ${status}`)))(
  '%s was seen',
  (pair) => {
    expect(seen.has(pair) || Object.hasOwn(UNREACHABLE, pair), `no test has seen ${pair}`).toBe(true);
  },
);

test('nothing is excused that is not documented, or that was seen after all', () => {
  const documented = new Set(
    operations.flatMap(({ id, object }) => Object.keys(object.responses).map((s) => `${id} ${s}`)),
  );
  expect(Object.keys(UNREACHABLE).filter((pair) => !documented.has(pair) || seen.has(pair))).toEqual([]);
});
