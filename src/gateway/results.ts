import { isObject } from '../base/is-object.ts';
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

/** The refusal of a tool that a call names. In discovery mode, the model that has named it reads it in a result. */
export class ToolRefused extends RpcError {
  /** The name, if the endpoint shows no such tool. */
  readonly unknown: string | undefined;

  constructor(message: string, more: { readonly unknown?: string } = {}) {
    super(RPC_ERROR_CODES.invalidParams, message);
    this.unknown = more.unknown;
  }
}

/** The text for an unknown tool, and for a tool outside the scope: they must not be distinguishable. */
export const unknownToolText = (name: unknown): string =>
  `Unknown tool: ${typeof name === 'string' ? name.slice(0, 128) : 'none named'}`;

/** The error for such a tool. */
export const unknownTool = (name: unknown): ToolRefused =>
  new ToolRefused(unknownToolText(name), typeof name === 'string' ? { unknown: name } : {});

/** The error for a tool that may change data, where only those that read may be called. */
export const notReadOnly = (name: string): ToolRefused =>
  new ToolRefused(`The tool ${name.slice(0, 128)} may change data: call it with call_tool.`);

/** The error for an unknown method. The stateless version also requires the HTTP status 404. */
export const methodNotFound = (era: Era): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.methodNotFound,
    'Method not found: this endpoint of Gatehouse does not serve it.',
    era === 'stateless' ? { status: 404 } : {},
  );

/** The error for a call whose decision needs a newer list of tools. */
export const outdatedTools = (
  { server }: Pick<ServedServer, 'server'>,
  failure: Error | null,
  onlyReads: boolean,
): OutdatedTools => {
  const why = failure?.message ?? `The MCP server '${server.name}' did not list its tools in time.`;
  const decides = holdsBack(server.approvalPolicy)
    ? `approval policy ${server.approvalPolicy}`
    : onlyReads
      ? 'tool call_read_tool'
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
