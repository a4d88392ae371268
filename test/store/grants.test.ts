import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as grants from '../../src/store/grants.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Store } from '../../src/store/store.ts';
import { anyRoom } from '../support/any-room.ts';
import { onBothEngines } from './support/harness.ts';
import { anEndpoint, anOrganization, saveCatalogue, storedSharedServer } from './support/samples.ts';

onBothEngines(({ open, shared }) => {
  let store: Store;
  let server: sharedServers.SharedServer;
  let [a, b, c]: [string, string, string] = ['', '', ''];
  beforeEach(async () => {
    store = await shared();
    server = await storedSharedServer(store);
    [a, b, c] = [await anOrganization(store), await anOrganization(store), await anOrganization(store)];
  });
  const share = (wanted: grants.Grantees, at = 5000) =>
    store.write((db) => grants.setOrganizations(db, server.id, wanted, at));
  const sharedWith = () => grants.organizationsOf(store.read, server.id);
  const find = (organizationId: string) => accounts.find(store.read, organizationId, server.id);
  /** Mints an endpoint of an organization over the server and returns its id. */
  const mint = async (organizationId: string) => {
    const endpoint = anEndpoint({ organizationId, accountId: server.id });
    return (await store.write((db) => endpoints.insert(db, endpoint))).id;
  };
  const minted = async (organizationId: string) => {
    const page = await endpoints.page(store.read, { organizationId, accountId: server.id }, { limit: 9 });
    return page.map(({ id }) => id);
  };

  it('shares a new server with no organization', async () => {
    expect(await sharedWith()).toEqual([]);
    expect(await grants.organizationsOf(store.read, 'no such id')).toBeNull();
    expect(await find(a)).toBeNull();
  });

  it('creates an account in each granted organization only', async () => {
    expect(await share([c, a, c])).toEqual([]);
    expect(await sharedWith()).toEqual([a, c].toSorted());
    for (const organizationId of [a, c]) {
      const account = {
        kind: 'server',
        id: server.id,
        organizationId,
        serverId: server.id,
        serverName: server.name,
        isShared: true,
      };
      expect(await find(organizationId)).toEqual({
        ...account,
        status: 'active',
        version: 1,
        createdAt: 5000,
        updatedAt: 5000,
      });
    }
    expect(await find(b)).toBeNull();
  });

  it('lets the accounts change with the server, each with a status of its own', async () => {
    await share([a, b]);
    await store.write((db) => sharedServers.update(db, { ...server, updatedAt: 9000 }, 1));
    await store.write((db) => accounts.setStatus(db, { organizationId: a, id: server.id, status: 'needs_reauth' }));
    expect(await find(a)).toMatchObject({ version: 2, updatedAt: 9000, status: 'needs_reauth' });
    expect(await find(b)).toMatchObject({ version: 2, updatedAt: 9000, status: 'active' });
  });

  it('removes withdrawn grants with their endpoints only', async () => {
    await share([a, b]);
    await store.write((db) => accounts.setStatus(db, { organizationId: b, id: server.id, status: 'needs_reauth' }));
    const [, kept] = [await mint(a), await mint(b)];
    const before = await find(b);
    await share([b, c], 6000);
    expect(await sharedWith()).toEqual([b, c].toSorted());
    expect([await find(a), await find(b)]).toEqual([null, before]);
    expect([await minted(a), await minted(b)]).toEqual([[], [kept]]);
    expect(await find(c)).toMatchObject({ createdAt: 6000 });
    await share([a, b]);
    expect(await minted(a)).toEqual([]);
    await share([]);
    expect([await sharedWith(), await minted(b)]).toEqual([[], []]);
  });

  it('names every unknown organization, and changes nothing then', async () => {
    await share([a]);
    const kept = await mint(a);
    expect(await share(['org_x', b, 'org_y', 'org_x'])).toEqual(['org_x', 'org_y']);
    expect([await sharedWith(), await minted(a), await find(b)]).toEqual([[a], [kept], null]);
    await share('all');
    expect(await share(['org_x'])).toEqual(['org_x']);
    expect([await sharedWith(), await minted(a)]).toEqual(['all', [kept]]);
    await share([]);
  });

  it('shares with all present and future organizations', async () => {
    await share([a]);
    const kept = await mint(a);
    await share('all', 7000);
    expect(await sharedWith()).toBe('all');
    expect(await find(a)).toMatchObject({ createdAt: 5000 });
    expect(await find(b)).toMatchObject({ createdAt: 7000 });
    const later = await anOrganization(store, `org_${randomUUID()}`, 8000);
    expect(await find(later)).toMatchObject({ isShared: true, createdAt: 8000, updatedAt: 8000 });
    await share('all', 9000);
    expect(await find(b)).toMatchObject({ createdAt: 7000 });
    expect(await minted(a)).toEqual([kept]);

    await share([a, later]);
    expect(await sharedWith()).toEqual([a, later].toSorted());
    expect([await find(b), await minted(a)]).toEqual([null, [kept]]);
    expect(await find(await anOrganization(store))).toBeNull();
  });

  it('gives a new organization exactly the servers that are shared with all', async () => {
    const [second, third] = [await storedSharedServer(store, 'all'), await storedSharedServer(store, [a])];
    await share('all');
    const later = await anOrganization(store);
    const page = await accounts.page(store.read, later, { limit: 9 }, {});
    expect(page.map(({ id }) => id).toSorted()).toEqual([server.id, second.id].toSorted());
    for (const { id } of [server, second, third]) {
      await store.write((db) => sharedServers.remove(db, id));
    }
  });

  describe('the endpoints of two organizations over one server', () => {
    let [ofA, ofB]: [string, string] = ['', ''];
    beforeEach(async () => {
      await share([a, b]);
      [ofA, ofB] = [await mint(a), await mint(b)];
    });

    it('are not visible, changeable or deletable for the other', async () => {
      const [inA, inB] = [a, b].map((organizationId) => ({ organizationId, accountId: server.id })) as [
        endpoints.AccountKey,
        endpoints.AccountKey,
      ];
      expect([await minted(a), await minted(b)]).toEqual([[ofA], [ofB]]);
      expect(await endpoints.find(store.read, inA, ofB)).toBeNull();
      const found = await endpoints.find(store.read, inB, ofB);
      if (found === null) {
        throw new Error('it is not there');
      }
      expect(await store.write((db) => endpoints.update(db, { ...found, ...inA, name: 'Stolen' }, 1))).toBeNull();
      expect(await store.write((db) => endpoints.remove(db, inA, ofB))).toBe(false);
      expect(await endpoints.find(store.read, inB, ofB)).toEqual(found);
    });

    it('are deleted with their own organization only, and the server stays', async () => {
      await store.write((db) => saveCatalogue(db, server.id, { tools: [], seenAt: 1 }));
      await store.write((db) => organizations.remove(db, a));
      expect(await sharedWith()).toEqual([b]);
      expect([await minted(a), await minted(b)]).toEqual([[], [ofB]]);
      expect((await catalogues.find(store.read, server.id, anyRoom)).seenAt).toBe(1);
    });

    it('are deleted with the server', async () => {
      await store.write((db) => sharedServers.remove(db, server.id));
      expect([await find(a), await find(b)]).toEqual([null, null]);
      expect([await minted(a), await minted(b)]).toEqual([[], []]);
    });

    it('stay when an organization tries to delete the account', async () => {
      expect(await store.write((db) => accounts.remove(db, a, server.id))).toBe(false);
      expect(await minted(a)).toEqual([ofA]);
    });
  });

  it('misses no organization that is created or deleted meanwhile', async () => {
    for (let round = 0; round < 5; round++) {
      const gone = await anOrganization(store);
      const [, unknown, ...later] = await Promise.all([
        share('all'),
        share([a, gone]),
        anOrganization(store),
        anOrganization(store),
        store.write((db) => organizations.remove(db, gone)),
      ]);
      expect([[], [gone]]).toContainEqual(unknown);
      await share('all');
      expect(await Promise.all(later.slice(0, 2).map((id) => find(String(id))))).not.toContain(null);
      expect(await find(gone)).toBeNull();
    }
    await share([]);
  });

  it('shares with many hundreds of organizations, and withdraws as many', async () => {
    const own = await open();
    const { id } = await storedSharedServer(own);
    const ids = Array.from({ length: 700 }, (_, index) => `org_${String(index).padStart(4, '0')}`);
    const rows = ids.map((id) => ({ id, name: id, server_count: 0, version: 1, created_at: 1, updated_at: 1 }));
    await own.write((db) => db.sql.insertInto('organizations').values(rows).execute());
    const set = (wanted: grants.Grantees) => own.write((db) => grants.setOrganizations(db, id, wanted, 1));
    const counted = async () => (await own.read.sql.selectFrom('accounts').select('id').execute()).length;
    expect(await set(ids.slice(0, 690).toReversed())).toEqual([]);
    expect(await grants.organizationsOf(own.read, id)).toEqual(ids.slice(0, 690));
    await set('all');
    expect(await counted()).toBe(700);
    await set(ids.slice(-10));
    expect(await grants.organizationsOf(own.read, id)).toEqual(ids.slice(-10));
    expect(await counted()).toBe(10);
  });
});
