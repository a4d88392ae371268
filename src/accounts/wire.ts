import type { ApiTokenCaller, Caller } from '../caller.ts';
import { cursorOf, parseCursor } from '../cursor.ts';
import { type ApiError, invalid, notFound } from '../errors.ts';
import type { Place } from '../store/keyset.ts';

/** The holder of an API token; this API's operations let nobody else in. */
export function apiTokenOf(caller: Caller): ApiTokenCaller {
  if (caller.kind !== 'api_token') {
    throw new TypeError(`the Accounts API was called by ${caller.kind}`);
  }
  return caller;
}

type ListQuery = { readonly limit?: number; readonly next_cursor?: string };
type Row = { readonly id: string; readonly createdAt: number };

/**
 * A page in this API's envelope: `read` is asked for one row more than the page holds, which tells whether another one
 * follows.
 */
export async function listPage<R extends Row, W>(
  { limit = 100, next_cursor }: ListQuery,
  read: (part: { before?: Place; limit: number }) => Promise<R[]>,
  toWire: (row: R) => W,
): Promise<{ result: W[]; next_cursor: string | null; limit: number }> {
  const before = parseCursor(next_cursor, 'query.next_cursor');
  const rows = await read({ limit: limit + 1, ...(before && { before }) });
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const cursor = last === undefined ? null : cursorOf({ at: last.createdAt, id: last.id });
  return { result: shown.map(toWire), next_cursor: cursor, limit };
}

/** 404 for what this organization does not have, whoever else may. */
export const missing = (what: 'integration' | 'integrated account' | 'MCP server', id: string): ApiError =>
  notFound(what, `No ${what} with id ${id}.`);

/** 400 with one mistake. */
export const mistake = (field: string, message: string): ApiError => invalid([{ field, message, rule: 'invalid' }]);
