import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/support/coverage-folder.ts', 'test/store/support/shared-postgres.ts'],
    // One more than the cores that CI has: many tests wait for programs of their own.
    maxWorkers: 3,
    // Whoever counts the results names a file for them.
    ...(process.env.GATEHOUSE_TEST_REPORT !== undefined && {
      reporters: ['default', 'json'],
      outputFile: { json: process.env.GATEHOUSE_TEST_REPORT },
    }),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Which documented answers the tests have seen is known when all others have run.
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/coverage.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'coverage', include: ['test/coverage.test.ts'], sequence: { groupOrder: 1 } } },
    ],
  },
});
