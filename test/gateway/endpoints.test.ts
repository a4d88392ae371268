import { randomUUID } from 'node:crypto';
import type { KyselyPlugin } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { createCredentials } from '../../src/auth/credentials.ts';
import { hashSecret } from '../../src/base/ids.ts';
import { MemoryBudget } from '../../src/base/memory-budget.ts';
import { createEndpoints, type Endpoints } from '../../src/gateway/endpoints.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { accountOf, anEndpoint, anOrganization, aServer, saveCatalogue } from '../store/support/samples.ts';

const listed = (seenAt: number) => ({
  tools: [{ definition: { name: 't', inputSchema: {} }, hash: String(seenAt) }],
  seenAt,
});

onBothEngines(({ shared }) => {
  let store: Store;
  let found: Endpoints;
  /** Statements by which the finder has read. */
  let reads: number;
  beforeEach(async () => {
    store = await shared();
    reads = 0;
    const budget = new MemoryBudget({ totalBytes: 16 * 1024 * 1024, patienceMs: 0 });
    const counted: KyselyPlugin = {
      transformQuery: ({ node }) => {
        reads += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const read = { ...store.read, sql: store.read.sql.withPlugin(counted) };
    const watched = { ...store, read };
    const credentials = createCredentials({ store: watched, now: Date.now, operatorTokenHash: null });
    found = createEndpoints({ store: watched, credentials, now: Date.now, budget });
  });

  /** A server with an endpoint, which has been called. */
  const aUsedServer = async (organizationId: string) => {
    const server = await store.write((db) => servers.insert(db, aServer(organizationId)));
    const token = randomUUID();
    const endpoint = anEndpoint(accountOf(server), { tokenHash: hashSecret(token) });
    await store.write((db) => endpoints.insert(db, endpoint));
    const find = async () => found.find(token, undefined);
    await find();
    return { server, endpoint, find };
  };
  const readsOf = async (find: () => Promise<unknown>): Promise<number> => {
    const before = reads;
    expect(await find()).not.toBeNull();
    return reads - before;
  };

  it('reads an endpoint again only after a change of its own server', async () => {
    const organizationId = await anOrganization(store);
    const [one, sibling] = [await aUsedServer(organizationId), await aUsedServer(organizationId)];
    const stranger = await aUsedServer(await anOrganization(store));
    await Promise.all([one, sibling, stranger].map(({ find }) => find()));
    const changes = [
      () => store.write((db) => saveCatalogue(db, one.server.id, listed(1))),
      () => store.write((db) => servers.update(db, { ...one.server, name: 'B' }, 1)),
    ];
    for (const change of changes) {
      await change();
      expect(await readsOf(sibling.find)).toBe(0);
      expect(await readsOf(stranger.find)).toBe(0);
      expect(await readsOf(one.find)).toBeGreaterThan(0);
      expect(await readsOf(one.find)).toBe(0);
    }
  });

  it('does not read again after a later list of the server', async () => {
    const { server, find } = await aUsedServer(await anOrganization(store));
    await store.write((db) => saveCatalogue(db, server.id, listed(1)));
    expect(await readsOf(find)).toBeGreaterThan(0);
    for (const seenAt of [2, 3]) {
      await store.write((db) => saveCatalogue(db, server.id, listed(seenAt)));
      expect(await readsOf(find)).toBe(0);
    }
    await store.write(async (db) => {
      await servers.update(db, { ...server, url: 'https://elsewhere.example.com' }, 1);
      await catalogues.clearPins(db, server.id);
    });
    expect(await readsOf(find)).toBeGreaterThan(0);
  });

  it('reads once for simultaneous messages', async () => {
    const { server, find } = await aUsedServer(await anOrganization(store));
    const once = await (async () => {
      await store.write((db) => servers.update(db, { ...server, name: 'B' }, 1));
      return readsOf(find);
    })();
    await store.write((db) => servers.update(db, { ...server, name: 'C' }, 2));
    const before = reads;
    const all = await Promise.all(Array.from({ length: 10 }, find));
    expect(reads - before).toBe(once);
    expect(all.map((served) => served?.source.kind === 'server' && served.source.server.name)).toEqual(
      Array.from({ length: 10 }, () => 'C'),
    );
  });

  it('a change during a read applies to the next message', async () => {
    const { server, find } = await aUsedServer(await anOrganization(store));
    for (let version = 1; version < 20; version += 1) {
      const name = `version ${version}`;
      const reading = find();
      const [, after] = await Promise.all([
        reading,
        store.write((db) => servers.update(db, { ...server, name }, version)).then(find),
      ]);
      expect(after?.source).toMatchObject({ server: { name } });
    }
  });

  it('a deleted endpoint is unknown to the next message', async () => {
    const { server, endpoint, find } = await aUsedServer(await anOrganization(store));
    await store.write((db) => endpoints.remove(db, accountOf(server), endpoint.id));
    expect(await find()).toBeNull();
    expect(await find()).toBeNull();
  });
});
