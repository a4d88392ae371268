import { expect } from 'vitest';
import type { ListPart, ListPlace } from '../../../src/store/keyset.ts';

type Row = { readonly id: string; readonly createdAt: number };

/** Reads a list to its end, a few rows at a time, and returns the ids. `between` runs after each page. */
export async function readThrough(
  page: (part: ListPart) => Promise<Row[]>,
  limit: number,
  between: (page: readonly Row[]) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let before: ListPlace | undefined;
  for (;;) {
    const rows = await page({ limit, ...(before && { before }) });
    expect(rows.length).toBeLessThanOrEqual(limit);
    const last = rows.at(-1);
    if (!last) {
      return seen;
    }
    seen.push(...rows.map(({ id }) => id));
    before = { at: last.createdAt, id: last.id };
    await between(rows);
  }
}

/** The ids of rows newest first, ties by id from the last to the first, byte by byte. */
export const newestFirst = (rows: readonly Row[]): string[] =>
  rows.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
