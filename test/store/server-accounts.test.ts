import { beforeEach, describe, expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { anyRoom } from '../support/any-room.ts';
import { expectFiltered, type Listed } from './support/account-filters.ts';
import { onBothEngines } from './support/harness.ts';
import {
  accountOf,
  anAccount,
  anEndpoint,
  anOrganization,
  aServer,
  saveCatalogue,
  storedIntegration,
  storedSharedServer,
} from './support/samples.ts';

onBothEngines(({ shared }) => {
  let store: Store;
  let own: string;
  beforeEach(async () => {
    store = await shared();
    own = await anOrganization(store);
  });
  const inserted = (changes: Partial<servers.NewServer> = {}) =>
    store.write((db) => servers.insert(db, aServer(own, changes)));

  describe('the account of a server', () => {
    it('exists with the server under its id, and changes with it', async () => {
      const server = await inserted({ createdAt: 5, updatedAt: 5 });
      const account = {
        kind: 'server',
        id: server.id,
        organizationId: own,
        serverId: server.id,
        serverName: server.name,
        isShared: false,
        status: 'active',
      };
      expect(await accounts.find(store.read, own, server.id)).toEqual({
        ...account,
        version: 1,
        createdAt: 5,
        updatedAt: 5,
      });
      expect(await accounts.find(store.read, await anOrganization(store), server.id)).toBeNull();
      await store.write((db) => servers.update(db, { ...server, name: 'New', updatedAt: 9 }, 1));
      await store.write((db) => accounts.setStatus(db, { organizationId: own, id: server.id, status: 'needs_reauth' }));
      expect(await accounts.find(store.read, own, server.id)).toEqual({
        ...account,
        serverName: 'New',
        status: 'needs_reauth',
        version: 2,
        createdAt: 5,
        updatedAt: 9,
      });
    });

    it('is deleted only with its server, with endpoints and catalogue', async () => {
      const [gone, stays] = [await inserted(), await inserted()];
      await store.write(async (db) => {
        for (const server of [gone, stays]) {
          await endpoints.insert(db, anEndpoint(accountOf(server)));
          await saveCatalogue(db, server.id, { tools: [], seenAt: 1 });
        }
      });
      expect(await store.write((db) => accounts.remove(db, own, gone.id))).toBe(false);
      expect(await store.write((db) => servers.remove(db, own, gone.id))).toBe(true);
      expect(await accounts.find(store.read, own, gone.id)).toBeNull();
      expect(await endpoints.page(store.read, accountOf(gone), { limit: 9 })).toEqual([]);
      expect(await catalogues.find(store.read, gone.id, anyRoom)).toMatchObject({
        tools: null,
        seenAt: null,
        pins: null,
      });
      expect(await endpoints.page(store.read, accountOf(stays), { limit: 9 })).toHaveLength(1);
      expect((await catalogues.find(store.read, stays.id, anyRoom)).seenAt).toBe(1);
    });

    it('is deleted with its organization, together with its catalogue', async () => {
      const server = await inserted();
      const other = aServer(await anOrganization(store));
      const elsewhere = await store.write((db) => servers.insert(db, other));
      await store.write(async (db) => {
        await endpoints.insert(db, anEndpoint(accountOf(server)));
        await saveCatalogue(db, server.id, { tools: [], seenAt: 1 });
        await saveCatalogue(db, elsewhere.id, { tools: [], seenAt: 1 });
      });
      await store.write((db) => organizations.remove(db, own));
      expect(await accounts.find(store.read, own, server.id)).toBeNull();
      expect(await endpoints.page(store.read, accountOf(server), { limit: 9 })).toEqual([]);
      expect((await catalogues.find(store.read, server.id, anyRoom)).seenAt).toBeNull();
      expect((await catalogues.find(store.read, elsewhere.id, anyRoom)).seenAt).toBe(1);
    });
  });

  it('lists own and shared servers among accounts under the name mcp, without a tenant', async () => {
    const all: Listed[] = [];
    for (const name of ['mcp', 'crm']) {
      const integration = await storedIntegration(store, own, { name });
      for (let index = 0; index < 9; index += 1) {
        const status = index % 2 === 0 ? 'active' : 'needs_reauth';
        const account = anAccount(integration, { tenantId: 'tenant-1', status, createdAt: index % 4 });
        await store.write((db) => accounts.insert(db, account));
        all.push({ ...account, integrationName: name });
      }
    }
    for (let index = 0; index < 13; index += 1) {
      const { id, createdAt } = await inserted({ createdAt: index % 5 });
      const status = index % 3 === 0 ? 'active' : 'needs_reauth';
      await store.write((db) => accounts.setStatus(db, { organizationId: own, id, status }));
      all.push({ id, createdAt, integrationName: 'mcp', tenantId: null, status });
    }
    for (let index = 0; index < 7; index += 1) {
      const createdAt = index % 5;
      const { id } = await storedSharedServer(store, [own], { createdAt });
      const status = index % 2 === 0 ? 'active' : 'needs_reauth';
      await store.write((db) => accounts.setStatus(db, { organizationId: own, id, status }));
      all.push({ id, createdAt, integrationName: 'mcp', tenantId: null, status });
    }
    const elsewhere = await anOrganization(store);
    await store.write((db) => servers.insert(db, aServer(elsewhere)));
    await storedSharedServer(store, [elsewhere]);

    await expectFiltered(store, own, all, {
      tenantId: ['tenant-1'],
      status: ['active'],
      integrationName: ['mcp', 'crm'],
    });
  });
});
