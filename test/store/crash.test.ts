import { expect, it } from 'vitest';
import * as settings from '../../src/store/settings.ts';
import { onBothEngines } from './support/harness.ts';
import { startProcess } from './support/process.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 2);
const ACKNOWLEDGED = 200;

onBothEngines(({ open, location }) => {
  it(`loses no acknowledged write in ${ROUNDS} kills`, { timeout: ROUNDS * 10_000 }, async () => {
    const place = await location();
    const acknowledged = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const writer = await startProcess('write', place);
      // It writes without end, so wherever it is by then, it is in the middle.
      await writer.printed(1 + ACKNOWLEDGED + round * 7);
      await writer.kill();
      for (const name of writer.lines().slice(1)) {
        acknowledged.add(name);
      }
      const store = await open({ location: place });
      for (const name of acknowledged) {
        expect([name, await settings.get(store.read, name)]).toEqual([name, 'x'.repeat(500)]);
      }
      expect(acknowledged.size).toBeGreaterThanOrEqual(ACKNOWLEDGED);
      await store.close();
    }
  });
});
