import { expect, it } from 'vitest';
import * as settings from '../../src/store/settings.ts';
import { onBothEngines } from './support/harness.ts';

onBothEngines(({ shared }) => {
  it('returns the last value, or null', async () => {
    const store = await shared();
    expect(await settings.get(store.read, 'theme')).toBeNull();
    await store.write((db) => settings.set(db, 'theme', 'dark'));
    await store.write((db) => settings.set(db, 'other', 'x'));
    await store.write((db) => settings.set(db, 'theme', 'light'));
    expect(await settings.get(store.read, 'theme')).toBe('light');
  });
});
