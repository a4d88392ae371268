import { sql } from 'kysely';
import { expect, it } from 'vitest';
import * as organizations from '../../src/store/organizations.ts';
import * as settings from '../../src/store/settings.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { onEngine } from './support/harness.ts';
import { anOrganization } from './support/samples.ts';

onEngine('sqlite', ({ open }) => {
  it('gives the same answers as `read` to many simultaneous queries', async () => {
    const store = await open();
    const ids = Array.from({ length: 20 }, (_, index) => `org_${index}`);
    for (const id of ids) {
      await anOrganization(store, id);
      expect(await organizations.find(store.slowRead, id)).toEqual(await organizations.find(store.read, id));
    }
    const found = await Promise.all([...ids, 'org_nobody'].map((id) => organizations.find(store.slowRead, id)));
    expect(found.map((organization) => organization?.id)).toEqual([...ids, undefined]);
  });

  it('leaves the event loop free while it searches', async () => {
    const store = await open();
    await settings.get(store.slowRead, 'start the thread');
    const long = sql<{ total: number }>`
      with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 300000)
      select count(*) as total from numbers`;
    const { turns, result } = await turnsDuring(() => long.execute(store.slowRead.sql));
    expect(result.rows).toEqual([{ total: 300_000 }]);
    // On this thread the query would end within the turn that asked, before any other.
    expect(turns).toBeGreaterThan(10);
  });

  it('refuses writes', async () => {
    const store = await open();
    await expect(settings.set(store.slowRead, 'a', '1')).rejects.toThrow(/cannot be written/);
    await expect(settings.set(store.read, 'a', '1')).rejects.toThrow(/cannot be written/);
  });

  it('passes on the error of a query, and answers the next', async () => {
    const store = await open();
    await expect(sql`select * from no_such_table`.execute(store.slowRead.sql)).rejects.toThrow('no such table');
    expect(await settings.get(store.slowRead, 'a')).toBeNull();
  });
});
