import type { AccountsCaller, Caller } from '../base/caller.ts';
import { type ApiError, invalid } from '../base/errors.ts';
import { isTurnOver, nextTurn } from '../base/event-loop-turns.ts';
import { cursorOf, parseCursor } from '../http/cursor.ts';
import type { ListPlace } from '../store/keyset.ts';

/** Returns the caller as the holder of an API token or a member; the Accounts API admits no other callers. */
export function apiTokenOf(caller: Caller): AccountsCaller {
  if (caller.kind !== 'api_token' && caller.kind !== 'member') {
    throw new TypeError(`the Accounts API was called by ${caller.kind}`);
  }
  return caller;
}

type ListQuery = { readonly limit?: number; readonly next_cursor?: string };
type Row = { readonly id: string; readonly createdAt: number };

/**
 * The number of rows that are read at once by default, and the maximum size of a page as JSON, in bytes; a page has
 * at least one row.
 */
const SLICE_ROWS = 100;
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a page in the envelope of the Accounts API. `read` returns slices, each with one more row than the page
 * shows, which tells whether another page follows. A page of large rows ends early. Others have their turn between slices;
 * `organizationId` is the owner of the work.
 */
export async function listPage<R extends Row, W>(
  organizationId: string,
  { limit = 100, next_cursor }: ListQuery,
  read: (part: { before?: ListPlace; limit: number }) => Promise<R[]>,
  toWire: (row: R) => W,
  slice = SLICE_ROWS,
): Promise<{ result: W[]; next_cursor: string | null; limit: number }> {
  const result: W[] = [];
  let before = parseCursor(next_cursor, 'query.next_cursor');
  let bytes = 0;
  for (;;) {
    const most = Math.min(slice, limit - result.length);
    const rows = await read({ limit: most + 1, ...(before && { before }) });
    for (const row of rows.slice(0, most)) {
      const shown = toWire(row);
      bytes += Buffer.byteLength(JSON.stringify(shown));
      if (before !== undefined && result.length > 0 && bytes > MAX_BYTES) {
        return { result, next_cursor: cursorOf(before), limit };
      }
      result.push(shown);
      before = { at: row.createdAt, id: row.id };
    }
    if (rows.length <= most || before === undefined) {
      return { result, next_cursor: null, limit };
    }
    if (result.length === limit) {
      return { result, next_cursor: cursorOf(before), limit };
    }
    if (isTurnOver()) {
      await nextTurn(organizationId);
    }
  }
}

/** Makes a 400 with one mistake. */
export const invalidField = (field: string, message: string): ApiError =>
  invalid([{ field, message, rule: 'invalid' }]);
