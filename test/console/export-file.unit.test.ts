import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeEvents } from '../../src/console/audit/export-file.ts';

const event = (more: object = {}) => ({
  id: '0199f1a2-7b3c-7d4e-8f50-a1b2c3d4e5f6',
  at: '2026-11-07T05:31:56.000Z',
  actor: { kind: 'key_pair' as const, id: null, name: 'CI' },
  organization: null,
  action: 'tool.called',
  target: { kind: 'tool', id: 'a/b' },
  outcome: 'success' as const,
  details: { duration_ms: 1.5 },
  ...more,
});
const named = (name: string) => event({ actor: { kind: 'key_pair', id: null, name } });

/** Reads CSV whose cells are all quoted. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"]|"")*)"(?:,|\r\n)/gs)].map(([, cell = '']) => cell.replaceAll('""', '"'));

describe('CSV', () => {
  test('begins with the names of the columns, and has a row for each event', () => {
    const rows = writeEvents([event(), event()], 'csv', true).split('\r\n');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toBe(
      '"id","at","actor_kind","actor_id","actor_name","organization","action","target_kind","target_id","outcome","details"',
    );
    expect(rows[1]).toBe(
      '"0199f1a2-7b3c-7d4e-8f50-a1b2c3d4e5f6","2026-11-07T05:31:56.000Z","key_pair","","CI","","tool.called","tool","a/b","success","{""duration_ms"":1.5}"',
    );
  });

  test('a later page has no names of columns', () => {
    expect(writeEvents([event()], 'csv', false)).not.toContain('"actor_kind"');
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('%j is no formula', (name) => {
    expect(cellsOf(writeEvents([named(name)], 'csv', false))[4]).toBe(`'${name}`);
  });

  test('any other text stays as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !/^[=+\-@\t\r]/.test(text)),
        (name) => {
          expect(cellsOf(writeEvents([named(name)], 'csv', false))[4]).toBe(name);
        },
      ),
    );
  });
});

test('JSON lines hold each event as it is', () => {
  const events = [named('=1\n2'), event()];
  const lines = writeEvents(events, 'jsonl', true).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
});
