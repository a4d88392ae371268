import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { workFor } from '../../src/base/work-owner.ts';
import * as settings from '../../src/store/settings.ts';
import { onEngine } from './support/harness.ts';

/** At six at a time they take almost two seconds. */
const READS = 200;

onEngine('postgres', ({ shared }) => {
  it('reads and writes for one organization before hundreds of reads of another', async () => {
    const store = await shared();
    let done = 0;
    const read = () => sql`select pg_sleep(0.05)`.execute(store.read.sql).then(() => (done += 1));
    const many = workFor('org_many', () => Array.from({ length: READS }, read));
    await workFor('org_one', () => settings.get(store.read, 'one'));
    expect(done).toBeLessThan(READS / 2);
    await workFor('org_one', () => store.writeFor('org_one', (db) => settings.set(db, 'one', 'x')));
    await workFor('', () => store.write((db) => settings.set(db, 'system', 'x')));
    expect(done).toBeLessThan(READS);
    await Promise.all(many);
  });
});
