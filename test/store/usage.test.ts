import { beforeEach, expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as grants from '../../src/store/grants.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as organizations from '../../src/store/organizations.ts';
import * as servers from '../../src/store/servers.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Store } from '../../src/store/store.ts';
import * as usage from '../../src/store/usage.ts';
import { onBothEngines } from './support/harness.ts';
import {
  accountOf,
  anEndpoint,
  anOrganization,
  aServer,
  CONTENTS,
  saveCatalogue,
  storedAccount,
  storedIntegration,
  storedSharedServer,
} from './support/samples.ts';
import { countedAnew, kept } from './support/usage.ts';

const NOTHING = { servers: 0, integrations: 0, accounts: 0, endpoints: 0, credentials: 0, tool_bytes: 0 };
const bytesOf = ({ document, tools, selectors }: integrations.Contents): number =>
  document.length + tools.length + Buffer.byteLength(selectors);
const textBytesOf = ({ toolTags, skipped, warnings, service }: integrations.Integration): number =>
  Buffer.byteLength(JSON.stringify(toolTags) + JSON.stringify(skipped) + JSON.stringify(warnings) + service);

onBothEngines(({ open, shared }) => {
  let store: Store;
  let own: string;
  beforeEach(async () => {
    store = await shared();
    own = await anOrganization(store);
  });
  const used = () => usage.of(store.read, own, usage.RESOURCES);

  it('is 0 for a new and for an unknown organization', async () => {
    expect(await used()).toEqual(NOTHING);
    expect(await usage.of(store.read, 'org_nowhere', ['servers', 'tool_bytes'])).toEqual({ servers: 0, tool_bytes: 0 });
  });

  it('counts stored bytes, also of texts, and follows replacements', async () => {
    const integration = await storedIntegration(store, own);
    const texts = textBytesOf(integration);
    expect(await used()).toEqual({ ...NOTHING, integrations: 1, tool_bytes: bytesOf(CONTENTS) + texts });
    const contents = { document: Buffer.alloc(10), tools: Buffer.alloc(3), selectors: '["äöü🗝"]' };
    await store.write((db) => integrations.update(db, integration, 1, contents));
    expect(await used()).toMatchObject({ tool_bytes: 10 + 3 + 14 + texts });
    const tagged = { ...integration, toolTags: { '*': ['ä'.repeat(100)] } };
    await store.write((db) => integrations.update(db, tagged, 2, null));
    expect(textBytesOf(tagged)).toBeGreaterThan(200);
    expect(await used()).toMatchObject({ tool_bytes: 10 + 3 + 14 + textBytesOf(tagged) });
    await store.write((db) => integrations.remove(db, own, integration.id));
    expect(await used()).toEqual(NOTHING);
  });

  it('counts the tools of an own server, and not those of a shared server', async () => {
    const listed = { tools: [{ definition: { name: 'ä'.repeat(100), inputSchema: {} }, hash: 'a' }], seenAt: 1 };
    const server = await store.write((db) => servers.insert(db, aServer(own)));
    const theirs = await storedSharedServer(store, [own]);
    await store.write((db) => saveCatalogue(db, theirs.id, listed));
    expect(await used()).toEqual({ ...NOTHING, servers: 1, accounts: 2 });
    await store.write((db) => saveCatalogue(db, server.id, { ...listed, tools: [] }));
    const { tool_bytes: empty } = await used();
    await store.write((db) => saveCatalogue(db, server.id, listed));
    expect((await used()).tool_bytes).toBeGreaterThan(empty);
    expect(await kept(store)).toEqual(await countedAnew(store));
    await store.write((db) => catalogues.clearPins(db, server.id));
    expect(await used()).toMatchObject({ tool_bytes: 2 });
    await store.write((db) => servers.remove(db, own, server.id));
    await store.write((db) => sharedServers.remove(db, theirs.id));
    expect(await used()).toEqual(NOTHING);
  });

  it('counts nothing of a failed write', async () => {
    const failing = store.write(async (db) => {
      await servers.insert(db, aServer(own));
      expect(await usage.of(db, own, ['servers'])).toEqual({ servers: 1 });
      throw new Error('The write fails.');
    });
    await expect(failing).rejects.toThrow('The write fails.');
    expect(await used()).toEqual(NOTHING);
  });

  it('subtracts dependent rows: many endpoints, a grant, an organization, expired endpoints', async () => {
    const fresh = await open();
    const [a, b] = [await anOrganization(fresh, 'org_a'), await anOrganization(fresh, 'org_b')];
    const server = await storedSharedServer(fresh, 'all');
    const mine = await fresh.write((db) => servers.insert(db, aServer(a)));
    const account = await storedAccount(fresh, await storedIntegration(fresh, a));
    const rowsOf = (organizationId: string, accountId: string, many: number, expiresAt: number | null = null) =>
      fresh.write(async (db) => {
        for (let index = 0; index < many; index++) {
          await endpoints.insert(db, anEndpoint({ organizationId, accountId }, { expiresAt }));
        }
      });
    await rowsOf(a, account, 1500, 5000);
    await rowsOf(a, mine.id, 30);
    await rowsOf(a, server.id, 20);
    await rowsOf(b, server.id, 10, 5000);
    const agrees = async () => {
      const now = await kept(fresh);
      expect(now).toEqual(await countedAnew(fresh));
      return [now.org_a?.endpoints, now.org_b?.endpoints];
    };
    expect(await agrees()).toEqual([1550, 10]);
    expect(await fresh.write((db) => endpoints.purge(db, 6000))).toBe(1000);
    expect((await agrees()).map(Number).reduce((sum, count) => sum + count)).toBe(560);
    await fresh.write((db) => grants.setOrganizations(db, server.id, [b], 1));
    await fresh.write((db) => servers.remove(db, a, mine.id));
    await fresh.write((db) => accounts.remove(db, a, account));
    expect((await agrees())[0]).toBe(0);
    await rowsOf(b, server.id, 3);
    await fresh.write((db) => organizations.remove(db, b));
    expect(await agrees()).toEqual([0, undefined]);
    await fresh.write((db) => organizations.remove(db, a));
    expect(await kept(fresh)).toEqual({});
    await fresh.write((db) => sharedServers.remove(db, server.id));
  });

  it('deletes an account with very many endpoints in linear time', async () => {
    const account = await storedAccount(store, await storedIntegration(store, own));
    const rows = (from: number) =>
      Array.from({ length: 1000 }, (_, index) => ({
        id: `${own} ${from + index}`,
        organization_id: own,
        account_id: account,
        name: 'n',
        config: '{}',
        token_hash: `${own} ${from + index}`,
        expires_at: null,
        created_by: 'x',
        version: 1,
        created_at: 1,
        updated_at: 1,
      }));
    await store.write(async (db) => {
      for (let from = 0; from < 20_000; from += 1000) {
        await db.sql.insertInto('endpoints').values(rows(from)).execute();
      }
    });
    expect((await used()).endpoints).toBe(20_000);
    const began = performance.now();
    await store.write((db) => accounts.remove(db, own, account));
    expect((await used()).endpoints).toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('is right for endpoints over the account of a server', async () => {
    const server = await store.write((db) => servers.insert(db, aServer(own)));
    await store.write((db) => endpoints.insert(db, anEndpoint(accountOf(server))));
    expect(await used()).toMatchObject({ servers: 1, accounts: 1, endpoints: 1 });
    await store.write((db) => servers.remove(db, own, server.id));
    expect(await used()).toEqual(NOTHING);
  });
});
