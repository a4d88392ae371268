import { isObject } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { holdsBack } from '../contract/approval-policies.ts';
import { type Era, META_PREFIX } from '../runtime/protocol.ts';
import { RpcError } from './message.ts';
import { OutdatedTools } from './outcome.ts';
import type { ServedServer } from './served.ts';

/** A JSON object of the protocol: `params`, or a result. */
export type Result = Readonly<Record<string, unknown>>;

/** Lists differ by token and change with the account, so they must not be cached (2026-07-28, "Caching"). */
export const UNCACHED = { ttlMs: 0, cacheScope: 'private' } as const;

/** Adds the members that the stateless version requires to a result. `serverInfo` describes the server, if known. */
export const completeResult = (result: Result, serverInfo?: unknown): Result => ({
  ...result,
  resultType: 'complete',
  ...(serverInfo !== undefined && {
    _meta: { ...(isObject(result._meta) && result._meta), [`${META_PREFIX}serverInfo`]: serverInfo },
  }),
});

/** The error for an unknown tool, and for a tool outside the scope: they must not be distinguishable. */
export const unknownTool = (name: unknown): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidParams,
    `Unknown tool: ${typeof name === 'string' ? name.slice(0, 128) : 'none named'}`,
  );

/** The error for an unknown method. The stateless version also requires the HTTP status 404. */
export const methodNotFound = (era: Era): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.methodNotFound,
    'Method not found: this endpoint of Gatehouse does not serve it.',
    era === 'stateless' ? { status: 404 } : {},
  );

/** The error for a call whose decision needs a newer list of tools. */
export const outdatedTools = ({ server }: Pick<ServedServer, 'server'>, failure: Error | null): OutdatedTools => {
  const why = failure?.message ?? `The MCP server '${server.name}' did not list its tools in time.`;
  const decides = holdsBack(server.approvalPolicy)
    ? `approval policy ${server.approvalPolicy}`
    : 'scope of this endpoint';
  const what = `the ${decides} decides by a list of tools that is at most 60 s old`;
  return new OutdatedTools(RPC_ERROR_CODES.serverFailed, `${why} The call was not sent: ${what}. Call again.`, {
    status: 502,
  });
};

/** Returns the arguments of a `tools/call`; missing ones count as empty. Throws an RpcError. */
export function argumentsOf({ arguments: args = {} }: Result): Result {
  if (!isObject(args)) {
    throw new RpcError(RPC_ERROR_CODES.invalidParams, '`arguments` must be an object.');
  }
  return args;
}
