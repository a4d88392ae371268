import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A running PostgreSQL server for every test file to make databases on. */
    postgresUrl?: string;
  }
}

/** A vitest `globalSetup`: one server for a run of the integration tier, in which alone tests make databases. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!project.vitest.projects.some(({ name }) => name.startsWith('integration'))) {
    return undefined;
  }
  const postgres = await startPostgres();
  project.provide('postgresUrl', postgres.url('postgres'));
  return () => postgres.stop();
}
