import { expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import { DeletedMeanwhile } from '../../src/store/errors.ts';
import * as integrations from '../../src/store/integrations.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from './support/harness.ts';
import { newestFirst, readThrough } from './support/keyset.ts';
import { anAccount, anIntegration, anOrganization, CONTENTS, storedIntegration } from './support/samples.ts';

const contentsOf = async ({ read }: Store, id: string) => [
  Buffer.from(await integrations.document(read, id)).toString(),
  Buffer.from(await integrations.tools(read, id)).toString(),
  await integrations.selectors(read, id),
];

onBothEngines(({ shared }) => {
  it('stores an integration and finds it within its organization', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const given = anIntegration(own, {
      baseUrl: null,
      toolTags: {},
      timeoutSeconds: null,
      skipped: [],
      createdAt: 1_700_000_000_000,
    });
    const stored = await store.write((db) => integrations.insert(db, given, CONTENTS));
    expect(stored).toEqual({ ...given, version: 1 });
    expect(await integrations.find(store.read, own, given.id)).toEqual(stored);
    expect(await integrations.find(store.read, other, given.id)).toBeNull();
    expect(await integrations.find(store.read, own, 'no such id')).toBeNull();
    const full = await storedIntegration(store, own);
    expect(await integrations.find(store.read, own, full.id)).toEqual(full);
  });

  it('keeps the contents byte for byte', async () => {
    const store = await shared();
    const given = anIntegration(await anOrganization(store));
    const document = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256));
    const tools = Buffer.alloc(0);
    await store.write((db) => integrations.insert(db, given, { document, tools, selectors: '["ü"]' }));
    expect(Buffer.from(await integrations.document(store.read, given.id)).equals(document)).toBe(true);
    expect((await integrations.tools(store.read, given.id)).length).toBe(0);
    expect(await integrations.selectors(store.read, given.id)).toBe('["ü"]');
    for (const read of [integrations.document, integrations.tools, integrations.selectors]) {
      await expect(read(store.read, 'no such id')).rejects.toBeInstanceOf(DeletedMeanwhile);
    }
  });

  it('stores neither row if one is refused', async () => {
    const store = await shared();
    const given = anIntegration('org_nobody');
    await expect(store.write((db) => integrations.insert(db, given, CONTENTS))).rejects.toThrow();
    await expect(integrations.document(store.read, given.id)).rejects.toThrow();
  });

  it('updates everything except owner and creation for the expected version', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const stored = await storedIntegration(store, own);
    const changed: integrations.Integration = {
      ...stored,
      name: 'changed',
      baseUrl: null,
      toolTags: { a: ['b'] },
      approvalPolicy: 'auto_approve_all',
      timeoutSeconds: null,
      toolCount: 9,
      toolsBytes: null,
      skipped: [],
      warnings: [{ operation: 'GET /x', message: 'y' }],
      service: '{}',
      updatedAt: 2000,
    };
    const update = (integration: integrations.Integration, version: number, contents: integrations.Contents | null) =>
      store.write((db) => integrations.update(db, integration, version, contents));
    expect(await update({ ...changed, createdAt: 99 }, 1, null)).toMatchObject({ name: 'changed', version: 2 });
    expect(await integrations.find(store.read, own, stored.id)).toEqual({ ...changed, version: 2 });
    expect(await contentsOf(store, stored.id)).toEqual(['document', 'tools', '[]']);

    const late = { document: Buffer.from('late'), tools: Buffer.from('late'), selectors: 'late' };
    expect(await update({ ...changed, name: 'late' }, 1, late)).toBeNull();
    expect(await update({ ...changed, organizationId: other }, 2, late)).toBeNull();
    expect(await contentsOf(store, stored.id)).toEqual(['document', 'tools', '[]']);
    const next = { document: Buffer.from('d'), tools: Buffer.from('t'), selectors: 's' };
    expect(await update(changed, 2, next)).toMatchObject({ version: 3 });
    expect(await contentsOf(store, stored.id)).toEqual(['d', 't', 's']);

    await store.write((db) => integrations.remove(db, own, stored.id));
    expect(await update(changed, 3, next)).toBeNull();
  });

  it('deletes an integration with its contents, but not while it has accounts', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const { id } = await storedIntegration(store, own);
    const account = anAccount({ id, organizationId: own });
    await store.write((db) => accounts.insert(db, account));
    const remove = (organizationId: string) => store.write((db) => integrations.remove(db, organizationId, id));
    await expect(remove(own)).rejects.toThrow(/foreign key/i);
    await store.write((db) => accounts.remove(db, own, account.id));
    expect(await remove(other)).toBe(false);
    expect(await remove(own)).toBe(true);
    expect(await remove(own)).toBe(false);
    await expect(integrations.document(store.read, id)).rejects.toThrow();
  });

  it('finds the ids of a name within an organization', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const other = await anOrganization(store);
    const [a, b] = [await storedIntegration(store, own), await storedIntegration(store, own)];
    await storedIntegration(store, own, { name: 'petstore-2' });
    await storedIntegration(store, other);
    expect((await integrations.idsOf(store.read, own, 'petstore')).toSorted()).toEqual([a.id, b.id].toSorted());
    expect(await integrations.idsOf(store.read, own, 'Petstore')).toEqual([]);
  });

  it('pages newest first, ties by id, within an organization', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    await storedIntegration(store, await anOrganization(store));
    const all = Array.from({ length: 40 }, (_, index) => anIntegration(own, { createdAt: index % 6 }));
    await store.write(async (db) => {
      for (const integration of all) {
        await integrations.insert(db, integration, CONTENTS);
      }
    });
    const page = (part: Parameters<typeof integrations.page>[2]) => integrations.page(store.read, own, part);
    expect(await readThrough(page, 7)).toEqual(newestFirst(all));
    expect(await page({ limit: 1 })).toEqual([{ ...all.find(({ id }) => id === newestFirst(all)[0]), version: 1 }]);
    expect(await integrations.page(store.read, 'org_nobody', { limit: 10 })).toEqual([]);
  });
});
