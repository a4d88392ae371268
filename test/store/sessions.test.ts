import { expect, it } from 'vitest';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import { remove as removeOrganization } from '../../src/store/organizations.ts';
import * as sessions from '../../src/store/sessions.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization } from './support/samples.ts';

const aSession = (
  id: string,
  source: Partial<sessions.SessionSource> = {},
  more: Partial<sessions.NewSession> = {},
) => ({
  id,
  tokenHash: `hash of ${id}`,
  subject: `subject of ${id}`,
  name: 'Ada',
  organizationId: null,
  keyPairId: null,
  apiTokenId: null,
  operatorTokenHash: null,
  memberIds: [],
  expiresAt: 1000,
  createdAt: 1,
  ...source,
  ...more,
});

/** An organization with a key pair and an API token whose ids begin with a name. */
async function credentials(store: Store, name: string) {
  const organizationId = await anOrganization(store);
  const common = { organizationId, prefix: 'x', expiresAt: null, createdAt: 1 };
  const [keyPairId, apiTokenId] = [`${name} pair`, `${name} token`];
  await store.write(async (db) => {
    await keyPairs.insert(db, {
      ...{ ...common, id: keyPairId, name: 'Pair', permissions: ['servers'] },
      ...{ keyHash: `${name} key`, secretHash: 'x' },
    });
    await apiTokens.insert(db, {
      ...{ ...common, id: apiTokenId, name: 'Token', permissions: ['accounts', 'approvals'] },
      tokenHash: `${name} token`,
    });
  });
  return { organizationId, keyPairId, apiTokenId };
}

const MOST = 3;
const idsIn = async (store: Store, ids: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(ids.map((id) => sessions.findByHash(store.read, `hash of ${id}`)));
  return found.flatMap((session) => (session === null ? [] : [session.id]));
};

onBothEngines(({ shared }) => {
  it('stores a session and finds it by its hash, with its credentials as they are', async () => {
    const store = await shared();
    const source = await credentials(store, 'found');
    const { organizationId } = source;
    await store.write((db) => sessions.insert(db, aSession('whole', { ...source, operatorTokenHash: 'h' }), MOST));
    await store.write((db) => sessions.insert(db, aSession('operator', { operatorTokenHash: 'h' }), MOST));
    expect(await sessions.findByHash(store.read, 'hash of whole')).toEqual({
      id: 'whole',
      subject: 'subject of whole',
      name: 'Ada',
      organization: { id: organizationId, name: expect.any(String) },
      keyPair: { id: 'found pair', name: 'Pair', permissions: ['servers'] },
      apiToken: { id: 'found token', name: 'Token', permissions: ['accounts', 'approvals'] },
      operatorTokenHash: 'h',
      members: [],
      expiresAt: 1000,
      lastUsedAt: 1,
    });
    expect(await sessions.findByHash(store.read, 'hash of operator')).toMatchObject({
      ...{ organization: null, keyPair: null, apiToken: null },
    });
    expect(await sessions.findByHash(store.read, 'another')).toBeNull();
  });

  it('ends a session with each of its credentials, and with its organization', async () => {
    const store = await shared();
    const source = await credentials(store, 'ended');
    const { organizationId, keyPairId, apiTokenId } = source;
    await store.write(async (db) => {
      await sessions.insert(db, aSession('both', source), MOST);
      await sessions.insert(db, aSession('pair', { organizationId, keyPairId }), MOST);
      await sessions.insert(db, aSession('token', { organizationId, apiTokenId }), MOST);
    });
    const left = () => idsIn(store, ['both', 'pair', 'token']);
    await store.write((db) => apiTokens.remove(db, organizationId, apiTokenId));
    expect(await left()).toEqual(['pair']);
    await store.write((db) => removeOrganization(db, organizationId));
    expect(await left()).toEqual([]);
  });

  it('keeps the newest sessions of a subject, ties by id', async () => {
    const store = await shared();
    const names = ['a', 'b', 'c', 'd', 'e'];
    await store.write(async (db) => {
      for (const [index, id] of names.entries()) {
        await sessions.insert(db, aSession(id, {}, { subject: 'one', createdAt: Math.min(index, 3) }), MOST);
      }
      await sessions.insert(db, aSession('other'), MOST);
    });
    expect(await idsIn(store, [...names, 'other'])).toEqual(['c', 'd', 'e', 'other']);
  });

  it('records the last use, and purges what has ended or is idle', async () => {
    const store = await shared();
    const names = ['ended', 'idle', 'used', 'new'];
    await store.write(async (db) => {
      for (const id of names) {
        const times = { expiresAt: id === 'ended' ? 500 : 9000, createdAt: id === 'new' ? 600 : 1 };
        await sessions.insert(db, aSession(id, {}, times), MOST);
      }
      await sessions.touchLastUsed(db, [
        { id: 'used', at: 700 },
        { id: 'gone', at: 700 },
      ]);
    });
    expect((await sessions.findByHash(store.read, 'hash of used'))?.lastUsedAt).toBe(700);
    expect(await store.write((db) => sessions.purge(db, 500, 600))).toBeGreaterThanOrEqual(2);
    expect(await idsIn(store, names)).toEqual(['used', 'new']);
    expect(await store.write((db) => sessions.remove(db, 'used'))).toBe(true);
    expect(await store.write((db) => sessions.remove(db, 'used'))).toBe(false);
  });
});
