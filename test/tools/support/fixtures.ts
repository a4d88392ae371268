import { existsSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';

const FOLDER = new URL('../../../../shared/fixtures/', import.meta.url);

/** Documents of real services, which lie beside the project. Without that folder their tests are skipped. */
export const FIXTURES = [
  { file: 'petstore.openapi.yaml', integration: 'petstore', operations: 19 },
  { file: 'github-ghes.openapi.json', integration: 'github-ghes', operations: 155 },
] as const;

export const hasFixtures = existsSync(FOLDER);

export const readFixture = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');

/** Of an OpenAPI document, what tests of the fixtures look at. */
export type Fixture = {
  paths: Record<string, Record<string, { operationId?: string; tags?: string[] }>>;
  components: { schemas: Record<string, unknown> };
};

export const parseFixture = (file: string): Fixture => load(readFixture(file)) as Fixture;
