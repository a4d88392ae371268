import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { SEALED } from '../../src/store/sealed.ts';
import { ROOT } from '../support/process.ts';
import { onEngine } from './support/harness.ts';

const listed = Object.values(SEALED);

it('the list contains every sealed column of the schema with its context', () => {
  const [, schema = ''] = readFileSync(join(ROOT, 'src/store/schema.ts'), 'utf8').split('export type Database');
  const documented = [...schema.matchAll(/\/\*\* Sealed(?: JSON)?, context `([^`]+)`[^*]*\*\/\n +(\w+): string/g)];
  expect(documented).toHaveLength(schema.match(/sealed/gi)?.length ?? 0);
  expect(documented.map(([, context, column]) => [context, column]).toSorted()).toEqual(
    listed.map(({ contextOf, column }) => [contextOf('<id>'), column]).toSorted(),
  );
});

onEngine('sqlite', ({ open }) => {
  it.each(listed)('the list has the primary key of $table', async ({ table, primaryKey }) => {
    const { read } = await open();
    const { rows } = await sql<{ name: string }>`
      select name from pragma_table_info(${table}) where pk > 0 order by pk`.execute(read.sql);
    expect(rows.map(({ name }) => name)).toEqual(primaryKey);
  });
});
