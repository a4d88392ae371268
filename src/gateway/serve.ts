import { decide } from '../approvals/decision.ts';
import type { DerivedTool } from '../tools/types.ts';
import { type Era, negotiate, STATELESS_VERSION } from './eras.ts';
import { CODES, type Message, RpcError } from './message.ts';

type Result = Readonly<Record<string, unknown>>;

/** What an endpoint serves: its tools, and what decides and makes their calls. */
export type Served = {
  readonly name: string;
  readonly version: string;
  readonly policy: string;
  readonly tools: readonly DerivedTool[];
  readonly call: (tool: DerivedTool, args: Result) => Promise<Result>;
};

/** Answers a request to an endpoint over an OpenAPI service. Throws an RpcError; `tools/call` reports failures as results. */
export async function answerRequest(served: Served, { method, params }: Message, era: Era): Promise<Result> {
  const isStateless = era === 'stateless';
  switch (method) {
    case isStateless ? 'server/discover' : 'initialize':
      return isStateless
        ? complete(served, { supportedVersions: [STATELESS_VERSION], capabilities: { tools: {} }, ...UNCACHED })
        : {
            protocolVersion: negotiate(params.protocolVersion),
            capabilities: { tools: {} },
            serverInfo: infoOf(served),
          };
    case 'tools/list':
      return isStateless ? complete(served, { ...list(served), ...UNCACHED }) : list(served);
    case 'tools/call': {
      const result = await call(served, params);
      return isStateless ? complete(served, result) : result;
    }
    case isStateless ? '' : 'ping':
      return {};
    default:
      // The stateless protocol wants the status to say so too.
      throw new RpcError(CODES.methodNotFound, 'Method not found', isStateless ? { status: 404 } : {});
  }
}

const infoOf = ({ name, version }: Served) => ({ name, version });

/** Lists differ by token, and change with the account: nobody may keep them (2026-07-28, "Caching"). */
const UNCACHED = { ttlMs: 0, cacheScope: 'private' } as const;

const complete = (served: Served, result: Result): Result => ({
  ...result,
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': infoOf(served) },
});

const list = ({ tools }: Served): Result => ({
  tools: tools.map(({ name, description, inputSchema, outputSchema, annotations }) => ({
    name,
    description,
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    annotations,
  })),
});

async function call(served: Served, { name, arguments: args = {} }: Result): Promise<Result> {
  const tool = served.tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    throw new RpcError(
      CODES.invalidParams,
      `Unknown tool: ${typeof name === 'string' ? name.slice(0, 128) : 'none named'}`,
    );
  }
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new RpcError(CODES.invalidParams, '`arguments` must be an object.');
  }
  if (decide(served.policy, tool.annotations) === 'waits') {
    const text = `A person must approve this call (approval_policy ${served.policy}), and waiting is not served yet.`;
    return { content: [{ type: 'text', text }], isError: true };
  }
  return served.call(tool, args as Result);
}
