import { beforeEach, expect, it } from 'vitest';
import { toConnectable } from '../../src/runtime/connectable.ts';
import { areSameTools, saveTools } from '../../src/runtime/save-tools.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import type { Server } from '../../src/store/servers.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { anOrganization, aServer } from '../store/support/samples.ts';
import { anyRoom } from '../support/any-room.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { hold } from '../support/hold.ts';
import { NO_QUOTAS } from '../support/quotas.ts';

const LISTED = { tools: [{ definition: { name: 'a', inputSchema: {} }, hash: 'a'.repeat(64) }], seenAt: 10 };
const SAVED = { ...LISTED, pins: { a: 'a'.repeat(64) }, bytes: expect.any(Number) };
const NEVER_SEEN = { tools: null, seenAt: null, pins: null, bytes: 0 };

type Tools = catalogues.CataloguedTool[];
const made = (index: number, more: object = { icons: [{ src: 'a' }] }): catalogues.CataloguedTool => ({
  definition: { name: `tool-${index}`, inputSchema: {}, ...more },
  hash: `hash-${index}`,
});

onBothEngines(({ shared }) => {
  let store: Store;
  let server: servers.Server;
  beforeEach(async () => {
    store = await shared();
    const own = await anOrganization(store);
    server = await store.write((db) => servers.insert(db, aServer(own, { requestHeaders: { a: '1', b: '2' } })));
  });
  const save = () => saveTools({ store, quotas: NO_QUOTAS }, toConnectable(server), LISTED, null);
  const change = (changes: Partial<servers.Server>) =>
    store.write((db) => servers.update(db, { ...server, ...changes }, server.version));

  it.each([
    ['is as it was', {}],
    [
      'has another name, policy, description or tags',
      { name: 'x', description: 'x', tags: [], approvalPolicy: 'auto_approve_all' },
    ],
    ['has the same headers in another order', { requestHeaders: { b: '2', a: '1' } }],
  ] as [string, Partial<Server>][])('saves the list of a server that %s', async (_, changes) => {
    await change(changes);
    expect(await save()).toBe(true);
    expect(await catalogues.find(store.read, server.id, anyRoom)).toEqual(SAVED);
  });

  it.each([
    ['url', { url: 'https://elsewhere.example.com/mcp' }],
    ['transport', { transport: 'SSE' }],
    ['headers', { requestHeaders: { a: '1', b: '3' } }],
  ] as [string, Partial<Server>][])('saves nothing of a server with a new %s', async (_, changes) => {
    await change(changes);
    expect(await save()).toBe(false);
    expect(await catalogues.find(store.read, server.id, anyRoom)).toEqual(NEVER_SEEN);
  });

  it('lets other work run between two tools in each pass', async () => {
    const slow = (hash: string): Tools =>
      Array.from({ length: 10 }, (_, index) => ({
        definition: {
          get name() {
            hold(2);
            return `tool-${index}`;
          },
          inputSchema: {},
        },
        hash,
      }));
    const { turns } = await turnsDuring(() =>
      saveTools({ store, quotas: NO_QUOTAS }, toConnectable(server), { tools: slow('new'), seenAt: 10 }, slow('old')),
    );
    // It reads the names to write the tools, to pin them, of those before, and to compare.
    expect(turns).toBeGreaterThanOrEqual(36);
  });

  it('saves nothing of a deleted server', async () => {
    await store.write((db) => servers.remove(db, server.organizationId, server.id));
    expect(await save()).toBe(false);
  });

  it('saves nothing before or after a concurrent update', async () => {
    for (let round = 0; round < 10; round++) {
      const [, saved] = await Promise.all([
        store.write(async (db) => {
          const present = (await servers.find(db, server.organizationId, server.id)) as servers.Server;
          await servers.update(db, { ...present, url: `https://moved.example.com/${round}` }, present.version);
          await catalogues.clearPins(db, server.id);
        }),
        save(),
      ]);
      expect((await catalogues.find(store.read, server.id, anyRoom)).tools, `${saved}`).toBeNull();
      server = (await servers.find(store.read, server.organizationId, server.id)) as servers.Server;
    }
  });
});

it.each([
  ['nothing', (tools: Tools) => tools, true],
  ['a hash', (tools: Tools) => tools.with(1, { ...made(1), hash: 'x' }), false],
  ['the order', ([a, b, ...rest]: Tools) => [b, a, ...rest] as Tools, false],
  ['one tool less', (tools: Tools) => tools.slice(1), false],
  ['one tool more', (tools: Tools) => [...tools, made(3)], false],
])('lists are equal unless they differ in: %s', (_, change, same) => {
  const tools = [made(0), made(1), made(2)];
  expect(areSameTools(tools, change(structuredClone(tools)))).toBe(same);
});
