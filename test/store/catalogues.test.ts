import { gzipSync } from 'node:zlib';
import { beforeEach, expect, it } from 'vitest';
import { parsedBytes } from '../../src/base/parsed-bytes.ts';
import * as catalogues from '../../src/store/catalogues.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { anyRoom } from '../support/any-room.ts';
import { longestHold } from '../support/event-loop.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer, saveCatalogue } from './support/samples.ts';

/** Of each tool, which is on a line of its own where there are several. */
const bytesOf = (tools: readonly unknown[]) =>
  tools.length > 1
    ? tools.reduce<number>((sum, tool) => sum + parsedBytes(JSON.stringify(tool)), 0)
    : parsedBytes(Buffer.from(JSON.stringify(tools)));
const NEVER_SEEN = { tools: null, bytes: 0, seenAt: null, pins: null };

const tool = (name: string, digit: string, more: object = {}): catalogues.CataloguedTool => ({
  definition: { name, inputSchema: { type: 'object' }, ...more },
  hash: digit.repeat(64),
});

onBothEngines(({ shared }) => {
  let store: Store;
  let server: string;
  beforeEach(async () => {
    store = await shared();
    const own = await anOrganization(store);
    server = (await store.write((db) => servers.insert(db, aServer(own)))).id;
  });
  const save = (tools: catalogues.CataloguedTool[], seenAt: number) =>
    store.write((db) => saveCatalogue(db, server, { tools, seenAt }));
  const find = () => catalogues.find(store.read, server, anyRoom);

  it('returns nothing for a never seen or unknown server', async () => {
    expect(await find()).toEqual(NEVER_SEEN);
    expect(await catalogues.find(store.read, 'no such id', anyRoom)).toEqual(NEVER_SEEN);
  });

  it('keeps tools unchanged and in order', async () => {
    const tools = [
      tool('Größe\u0000 \ud800', 'a', { zebra: 1, annotations: { readOnlyHint: true }, alpha: [null, { 'ü"': '\n' }] }),
      tool('__proto__', 'b', { description: 'x'.repeat(3_000_000) }),
    ];
    await save(tools, 1_700_000_000_000);
    const found = await find();
    expect(JSON.stringify(found.tools)).toBe(JSON.stringify(tools));
    expect(found.seenAt).toBe(1_700_000_000_000);
    expect(Object.entries(found.pins ?? {})).toEqual(tools.map(({ definition, hash }) => [definition.name, hash]));
  });

  it.each([0, 1, 2])('keeps a list of %d tools with line breaks in their texts', async (count) => {
    const tools = ['a', 'b'].slice(0, count).map((name) => tool(name, name, { description: 'one\n,\n]\u2028two' }));
    await save(tools, 10);
    expect(await find()).toMatchObject({ tools, bytes: bytesOf(tools) });
  });

  it('parses only as much as there is room for', async () => {
    const dense = (name: string) => tool(name, name, { x: Array.from({ length: 9000 }, () => ({})) });
    await save([dense('a'), dense('b')], 10);
    const asked: number[] = [];
    const room = async (bytes: number) => {
      asked.push(bytes);
      if (bytes > 1_000_000) {
        throw new Error('no room');
      }
    };
    await expect(catalogues.find(store.read, server, room)).rejects.toThrow('no room');
    expect(asked.length).toBe(3);
    expect((await find()).bytes).toBeGreaterThan(2 * 9000 * 64);
  });

  it('reads a list that was stored on one line', async () => {
    const tools = [tool('a', '1'), tool('b', '2', { description: '],[' })];
    const { pins } = await catalogues.pack({ tools, seenAt: 10 });
    const packed = gzipSync(JSON.stringify(tools));
    await store.write((db) => catalogues.save(db, server, { tools: packed, pins, seenAt: 10 }));
    expect((await find()).tools).toEqual(tools);
  });

  it('lets other work run while it packs and reads a large list', async () => {
    const values = Array.from({ length: 2000 }, (_, index) => index / 3);
    const tools = Array.from({ length: 200 }, (_, index) => tool(`tool-${index}`, 'a', { values }));
    const held: number[] = [await longestHold(() => catalogues.pack({ tools, seenAt: 10 }))];
    await save(tools, 10);
    held.push(await longestHold(find));
    for (const part of held) {
      expect(part).toBeLessThan(0.5);
    }
  });

  it('pins the first seen definitions, and no later ones', async () => {
    const [first, changed, later] = [tool('a', '1'), tool('a', '2'), tool('b', '3')];
    await save([first], 10);
    expect(await find()).toEqual({ tools: [first], bytes: bytesOf([first]), seenAt: 10, pins: { a: first.hash } });
    await save([changed, later], 20);
    expect(await find()).toEqual({
      tools: [changed, later],
      bytes: bytesOf([changed, later]),
      seenAt: 20,
      pins: { a: first.hash },
    });
  });

  it('pins nothing after an empty list', async () => {
    await save([], 10);
    await save([tool('a', '1')], 20);
    expect((await find()).pins).toEqual({});
  });

  it('clears tools and pins permanently', async () => {
    await save([tool('a', '1')], 10);
    await store.write((db) => catalogues.clearPins(db, server));
    expect(await find()).toEqual({ ...NEVER_SEEN, pins: {} });
    await save([tool('a', '1')], 20);
    expect(await find()).toEqual({
      tools: [tool('a', '1')],
      bytes: bytesOf([tool('a', '1')]),
      seenAt: 20,
      pins: {},
    });
  });

  it('clears the pins of a never seen server too', async () => {
    await store.write((db) => catalogues.clearPins(db, server));
    expect(await find()).toEqual({ ...NEVER_SEEN, pins: {} });
    await save([tool('a', '1')], 10);
    expect((await find()).pins).toEqual({});
  });
});
