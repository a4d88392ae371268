import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import * as settings from '../../src/store/settings.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { onBothEngines, onEngine } from './support/harness.ts';
import { startProcess } from './support/process.ts';

onBothEngines(({ open, location }) => {
  it('is refused and names the process that has it, and is free after the kill of that process', async () => {
    const place = await location();
    const holder = await startProcess('hold', place);
    try {
      const refused = await open({ location: place }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StoreRefused);
      const { message } = refused as StoreRefused;
      expect(message).toContain(`pid ${holder.pid}`);
      expect(message).toContain(hostname().slice(0, 40));
      expect(message).toMatch(/since \d{4}-\d\d-\d\dT/);
    } finally {
      await holder.kill();
    }
    const store = await open({ location: place });
    await store.write((db) => settings.set(db, 'a', '1'));
    expect(await settings.get(store.read, 'a')).toBe('1');
  });

  it('is refused for a second store of the same process, and free after the end of the first', async () => {
    const place = await location();
    const first = await open({ location: place });
    await expect(open({ location: place })).rejects.toThrow(`pid ${process.pid}`);
    await first.close();
    await open({ location: place });
  });
});

onEngine('postgres', ({ open, location }) => {
  it('tells what to check if the server refuses the connection', async () => {
    const place = await location();
    const good = place.kind === 'postgres' ? place.url : '';
    for (const bad of [good.replace(/\w+$/, 'no_such_database'), good.replace(/\w+:\w+@/, 'nobody:wrong@')]) {
      const opening = open({ location: { kind: 'postgres', url: bad } });
      await expect(opening).rejects.toThrow(StoreRefused);
      await expect(opening).rejects.toThrow(/DATABASE_URL/);
    }
  });

  it('exists once per database, not per server', async () => {
    await open({ location: await location() });
    await open({ location: await location() });
  });
});
