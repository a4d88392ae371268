import { expect, it } from 'vitest';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import type { Db } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization } from './support/samples.ts';

const aToken = (organizationId: string, id: string, createdAt = 1) => ({
  id,
  organizationId,
  name: `Token ${id}`,
  permissions: ['accounts' as const],
  prefix: 'gh_abc',
  expiresAt: 1_800_000_000_000,
  createdAt,
  tokenHash: `hash of ${id}`,
});

const aPair = (organizationId: string, id: string, createdAt = 1) => ({
  id,
  organizationId,
  name: `Pair ${id}`,
  permissions: ['servers' as const, 'approvals' as const],
  prefix: 'sk_abc',
  expiresAt: null,
  createdAt,
  keyHash: `hash of ${id}`,
  secretHash: `secret hash of ${id}`,
});

onBothEngines(({ shared }) => {
  it('stores an API token and finds it by its hash, without returning the hash', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const stored = await store.write((db) => apiTokens.insert(db, aToken(organizationId, 'token')));
    const { tokenHash, ...visible } = aToken(organizationId, 'token');
    expect(stored).toEqual({ ...visible, lastUsedAt: null });
    expect(await apiTokens.findByHash(store.read, tokenHash)).toEqual(stored);
    expect(await apiTokens.findByHash(store.read, 'another')).toBeNull();
  });

  it('stores a key pair and finds it by the hash of its key, with the hash of its secret', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const stored = await store.write((db) => keyPairs.insert(db, aPair(organizationId, 'pair')));
    const { keyHash, secretHash, ...visible } = aPair(organizationId, 'pair');
    expect(stored).toEqual({ ...visible, lastUsedAt: null });
    expect(await keyPairs.findByKeyHash(store.read, keyHash)).toEqual({ ...stored, secretHash });
    expect(await keyPairs.findByKeyHash(store.read, secretHash)).toBeNull();
  });

  it.each([
    [
      'API tokens',
      apiTokens,
      (db: Db, own: string, id: string, at: number) => apiTokens.insert(db, aToken(own, id, at)),
    ],
    ['key pairs', keyPairs, (db: Db, own: string, id: string, at: number) => keyPairs.insert(db, aPair(own, id, at))],
  ] as const)('lists and removes %s within their organization', async (_name, { list, remove }, insert) => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    await store.write(async (db) => {
      await insert(db, own, `${own} c`, 1);
      await insert(db, own, `${own} b`, 2);
      await insert(db, own, `${own} a`, 2);
      await insert(db, other, `${other} d`, 1);
    });
    const names = async (id: string) => (await list(store.read, id)).map((row) => row.id.slice(-1)).join('');
    const removeA = (organizationId: string) => store.write((db) => remove(db, organizationId, `${own} a`));
    expect(await names(own)).toBe('cab');
    expect(await removeA(other)).toBe(false);
    expect(await removeA(own)).toBe(true);
    expect(await removeA(own)).toBe(false);
    expect(await names(own)).toBe('cb');
    expect(await names(other)).toBe('d');
  });

  it.each([
    ['API tokens', 'api_tokens', apiTokens.touchLastUsed] as const,
    ['key pairs', 'key_pairs', keyPairs.touchLastUsed] as const,
  ])('records the last use of many %s at once', async (_name, table, touchLastUsed) => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const id = (index: number): string => `${organizationId} ${index}`;
    const ids = Array.from({ length: 230 }, (_, index) => id(index));
    await store.write(async (db) => {
      for (const each of ids) {
        await apiTokens.insert(db, aToken(organizationId, each));
        await keyPairs.insert(db, aPair(organizationId, each));
      }
    });
    const at = 1_700_000_000_000;
    const uses = ids.slice(1).map((each, index) => ({ id: each, at: at + index }));
    const more = [
      { id: id(5), at: at + 9000 },
      { id: id(6), at: 1 },
      { id: 'gone', at },
    ];
    await store.write((db) => touchLastUsed(db, [...uses, ...more]));
    await store.write((db) => touchLastUsed(db, []));

    const rows = await store.read.sql
      .selectFrom(table)
      .select(['id', 'last_used_at'])
      .where('organization_id', '=', organizationId)
      .execute();
    const lastUsed = new Map(rows.map((row) => [row.id, row.last_used_at]));
    expect(lastUsed.size).toBe(230);
    expect(lastUsed.get(id(0))).toBeNull();
    expect(lastUsed.get(id(1))).toBe(at);
    expect(lastUsed.get(id(229))).toBe(at + 228);
    expect(lastUsed.get(id(5))).toBe(at + 9000);
    expect(lastUsed.get(id(6))).toBe(at + 5);
  });
});
