import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A running PostgreSQL server for every test file to make databases on. */
    postgresUrl?: string;
  }
}

declare global {
  /** The server of this run: each project loads this module for itself. */
  var sharedPostgres: ReturnType<typeof startPostgres> | undefined;
}

/**
 * The `globalSetup` of both projects of the integration tier, in which alone tests make databases: one server for a run,
 * and none for a run that has no file of the tier.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  globalThis.sharedPostgres ??= startPostgres();
  const postgres = await globalThis.sharedPostgres;
  project.provide('postgresUrl', postgres.url('postgres'));
  return async () => {
    // The first of the projects to end stops it: Vitest ends all of them together.
    if (globalThis.sharedPostgres !== undefined) {
      globalThis.sharedPostgres = undefined;
      await postgres.stop();
    }
  };
}
