import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagramOf, FLOORS, roomOf } from './floors.ts';
import { type Import, readImports, SOURCES } from './imports.ts';

const imports = readImports();
const floorOf = (file: string): number => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
const shown = ({ from, to }: Import): string => `${from} imports ${to}`;

test('every file is in a folder of the table, and every folder of the table has files', () => {
  const rooms = new Set(SOURCES.map(roomOf));
  expect([...rooms].toSorted()).toEqual(FLOORS.flat().toSorted());
});

test('src has at most eight files of its own', () => {
  expect(SOURCES.filter((file) => file.split('/').length === 2).length).toBeLessThanOrEqual(8);
});

test('no import leads to a higher floor', () => {
  expect(imports.filter(({ from, to }) => floorOf(to) > floorOf(from)).map(shown)).toEqual([]);
});

test('files do not import each other in a circle', () => {
  expect(circleIn(imports)).toEqual([]);
});

test('folders do not import each other in a circle', () => {
  const rooms = imports.map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }));
  expect(circleIn(rooms.filter(({ from, to }) => from !== to))).toEqual([]);
});

test('a circle of any length is found', () => {
  const chain = ['a', 'b', 'c', 'd'].map((from, at, all) => ({ from, to: all[at + 1] ?? 'b' }));
  expect(circleIn(chain)).toEqual(['b', 'c', 'd', 'b']);
  expect(circleIn(chain.slice(0, -1))).toEqual([]);
});

test('imports of types, later imports and workers count', () => {
  expect(imports.map(shown)).toEqual(
    expect.arrayContaining([
      'src/deps.ts imports src/store/store.ts',
      'src/cli/serve.ts imports src/main.ts',
      'src/http/split-opaque.ts imports src/http/split-opaque-worker.ts',
    ]),
  );
});

test('docs/architecture.md draws the floors as they are', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  expect(page).toContain(diagramOf(FLOORS));
});

/** The first circle on the way down from any start, closed: its first name is its last; empty when there is none. */
function circleIn(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from);
  const left = new Set<string>();
  const walk = (name: string, way: readonly string[]): string[] => {
    if (way.includes(name)) {
      return [...way.slice(way.indexOf(name)), name];
    }
    if (left.has(name)) {
      return [];
    }
    for (const { to } of next.get(name) ?? []) {
      const circle = walk(to, [...way, name]);
      if (circle.length > 0) {
        return circle;
      }
    }
    left.add(name);
    return [];
  };
  return [...next.keys()].map((name) => walk(name, [])).find((circle) => circle.length > 0) ?? [];
}
