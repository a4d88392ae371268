import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Workers keep the packages that they load as they were compiled, for those that come after them.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compile');

const UNIT = 'test/**/*.unit.test.ts';
const PRODUCT = 'test/**/*.product.test.ts';
const COVERAGE = 'test/coverage.test.ts';
/** They replace modules, change what holds for a whole process, or measure its memory or its event loop. */
const ALONE = [
  'test/accounts/large-documents.test.ts',
  'test/base/exit-on-fault.test.ts',
  'test/egress/allowed.test.ts',
  'test/egress/send-http.test.ts',
  'test/egress/fetch-document.test.ts',
  'test/gateway/memory.test.ts',
  'test/gateway/slow-reader.test.ts',
  'test/isolation/**/*.test.ts',
  'test/operator/shared-server-messages.test.ts',
  'test/runtime/odd-processes.test.ts',
  'test/runtime/stdio.test.ts',
  'test/runtime/websocket.test.ts',
  'test/store/slow-read.test.ts',
  'test/store/migrations.test.ts',
  'test/store/start.test.ts',
];

/** Databases are on one server for the run, and the console is built. */
const globalSetup = ['test/store/support/shared-postgres.ts', 'test/console/built.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/support/run-folder.ts'],
    // One more than the cores that CI has: many tests wait for programs of their own.
    maxWorkers: 3,
    // The gate counts the results from a report.
    ...(process.env.GATEHOUSE_TEST_REPORT !== undefined && {
      reporters: ['default', 'json'],
      outputFile: { json: process.env.GATEHOUSE_TEST_REPORT },
    }),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The default of one second is too short where a process has to start, or end, on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    // The suffix of a file names its tier.
    projects: [
      // The files of a worker share its modules: to load them again for each took half of the time.
      {
        extends: true,
        test: { name: 'unit', include: [UNIT], setupFiles: ['test/support/pure.ts'], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [UNIT, PRODUCT, COVERAGE, ...ALONE],
          globalSetup,
          isolate: false,
        },
      },
      { extends: true, test: { name: 'integration-alone', include: ALONE, globalSetup } },
      // Each of these runs programs, and some of them wait for others.
      {
        extends: true,
        test: {
          name: 'product',
          include: [PRODUCT],
          globalSetup: ['test/console/built.ts'],
          testTimeout: 180_000,
          isolate: false,
        },
      },
      // Which documented answers the tests have seen is known when all others have run.
      { extends: true, test: { name: 'coverage', include: [COVERAGE], sequence: { groupOrder: 1 } } },
    ],
  },
});
