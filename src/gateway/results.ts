import type { CallToolResult } from '@modelcontextprotocol/client';
import { isObject } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { looksAtDefinitions } from '../contract/approval-policies.ts';
import type { ApprovalPolicy } from '../contract/closed-words.ts';
import { type Era, META_PREFIX } from '../runtime/protocol.ts';
import { RpcError } from './message.ts';
import { OutdatedTools } from './outcome.ts';
import type { ServedServer } from './served.ts';

/** A JSON object of the protocol: `params`, or a result. */
export type Result = Readonly<Record<string, unknown>>;

/** Lists differ by token, and change with the account: nobody may keep them (2026-07-28, "Caching"). */
export const UNCACHED = { ttlMs: 0, cacheScope: 'private' } as const;

/** A result as the stateless protocol wants it; `serverInfo` is who answers, where that is known. */
export const complete = (result: Result, serverInfo?: unknown): Result => ({
  ...result,
  resultType: 'complete',
  ...(serverInfo !== undefined && {
    _meta: { ...(isObject(result._meta) && result._meta), [`${META_PREFIX}serverInfo`]: serverInfo },
  }),
});

/** The answer for a tool that there is none of, or that the scope does not let through: nobody can tell which. */
export const unknownTool = (name: unknown): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidParams,
    `Unknown tool: ${typeof name === 'string' ? name.slice(0, 128) : 'none named'}`,
  );

/** The answer for a method that there is none of; the stateless protocol wants the status to say so too. */
export const methodNotFound = (era: Era): RpcError =>
  new RpcError(RPC_ERROR_CODES.methodNotFound, 'Method not found', era === 'stateless' ? { status: 404 } : {});

/** The answer for a call that a definition would decide about, of which nobody knows whether it still holds. */
export const outdatedTools = ({ server }: Pick<ServedServer, 'server'>, failure: Error | null): OutdatedTools => {
  const why = failure?.message ?? `The MCP server '${server.name}' did not list its tools in time.`;
  const decides = looksAtDefinitions(server.approvalPolicy)
    ? `approval policy ${server.approvalPolicy}`
    : 'scope of this endpoint';
  const what = `the ${decides} decides by a list of tools that is at most 60 s old`;
  return new OutdatedTools(RPC_ERROR_CODES.serverFailed, `${why} The call was not sent: ${what}. Call again.`, {
    status: 502,
  });
};

/** The arguments of a `tools/call`; none count as empty. Throws an RpcError. */
export function argumentsOf({ arguments: args = {} }: Result): Result {
  if (!isObject(args)) {
    throw new RpcError(RPC_ERROR_CODES.invalidParams, '`arguments` must be an object.');
  }
  return args;
}

/** The result of a call that a person would have to approve. */
export const mustWait = (policy: ApprovalPolicy): Result =>
  ({
    content: [
      {
        type: 'text',
        text: `A person must approve this call (approval_policy ${policy}), and waiting is not served yet.`,
      },
    ],
    isError: true,
  }) satisfies CallToolResult;
