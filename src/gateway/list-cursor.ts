import { createHash } from 'node:crypto';
import { parseJson } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { type Message, RpcError } from './message.ts';
import type { ToolList } from './tool-lists.ts';

/** The length of the part of a cursor that only its endpoint makes, in bytes. */
const MARK_BYTES = 12;

/**
 * Makes the cursor after a tool: the name of the tool, so that the cursor stays good when tools are added or removed
 * elsewhere in the list, and a mark of the endpoint, so that no other endpoint takes it.
 */
function cursorAfter({ id }: Pick<Endpoint, 'id'>, name: string): string {
  // JSON keeps lone surrogates, which UTF-8 has not.
  const text = Buffer.from(JSON.stringify(name));
  const mark = createHash('sha256').update(id).update(text).digest().subarray(0, MARK_BYTES);
  return Buffer.concat([mark, text]).toString('base64url');
}

/** Returns the member `nextCursor` of a page, if more tools follow. */
export const nextCursorOf = (
  endpoint: Pick<Endpoint, 'id'>,
  { lastOfMore }: Pick<ToolList, 'lastOfMore'>,
): { readonly nextCursor?: string } => (lastOfMore === null ? {} : { nextCursor: cursorAfter(endpoint, lastOfMore) });

/**
 * Returns the name of the last tool that a client has listed, by the cursor in the parameters of `tools/list`. Returns
 * undefined for the first page, which an empty cursor also means. Throws an RpcError for a cursor of anything else than
 * a page of this endpoint.
 */
export function lastListed(endpoint: Pick<Endpoint, 'id'>, { cursor }: Message['params']): string | undefined {
  if (cursor === undefined || cursor === '') {
    return undefined;
  }
  const name = typeof cursor === 'string' ? nameIn(cursor) : undefined;
  // One place has one cursor: base64 is read with anything in between.
  if (typeof name !== 'string' || cursorAfter(endpoint, name) !== cursor) {
    throw invalidCursor();
  }
  return name;
}

const nameIn = (cursor: string): unknown => parseJson(Buffer.from(cursor, 'base64url').toString('utf8', MARK_BYTES));

/**
 * The error for a cursor of no page, and for a cursor after a tool that the endpoint no longer shows (MCP, "Pagination").
 * A client must not learn which of the two it is: the endpoint may hide the tool.
 */
export const invalidCursor = (): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidParams,
    'This cursor is of no page of the tools that this endpoint has now: call tools/list again without a cursor.',
  );
