import type { TestProject } from 'vitest/node';
import { migratedDatabase } from './migrated.ts';
import { type Postgres, startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A running PostgreSQL server for every test file to make databases on. */
    postgresUrl?: string;
    /** The name of its database that has run all migrations. */
    postgresTemplate?: string;
  }
}

declare global {
  /** The server of this run: each project loads this module for itself. */
  var sharedPostgres: Promise<{ readonly postgres: Postgres; readonly template: string }> | undefined;
}

/**
 * The `globalSetup` of both projects of the integration tier, in which alone tests make databases: one server for a run,
 * and none for a run that has no file of the tier.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  globalThis.sharedPostgres ??= start();
  const { postgres, template } = await globalThis.sharedPostgres;
  project.provide('postgresUrl', postgres.url('postgres'));
  project.provide('postgresTemplate', template);
  return async () => {
    // The first of the projects to end stops it: Vitest ends all of them together.
    if (globalThis.sharedPostgres !== undefined) {
      globalThis.sharedPostgres = undefined;
      await postgres.stop();
    }
  };
}

async function start() {
  const postgres = await startPostgres();
  return { postgres, template: await migratedDatabase(postgres.url('postgres')) };
}
