import { isTool, TOOL_NAMES, TOOLS, VERSIONS } from './calls.ts';

/** The answers of the MCP servers of the bench: made beforehand, so that a server is never what limits a side. */

export type Message = {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly protocolVersion?: string; readonly _meta?: object };
};

const SERVER = { name: 'bench', version: '1.0.0' };
const UNCACHED = { ttlMs: 0, cacheScope: 'private' };
const tools = TOOL_NAMES.map((name) => ({
  name,
  description: `${TOOLS[name].title}.`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' }, rows: { type: 'array', items: {} } } },
  annotations: { readOnlyHint: true },
}));

const complete = (result: object) => ({
  ...result,
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': SERVER },
});
const called = (shape: (result: object) => object) =>
  Object.fromEntries(TOOL_NAMES.map((tool) => [tool, Buffer.from(JSON.stringify(shape(TOOLS[tool].result)))]));
const CALLED = { handshake: called((result) => result), stateless: called(complete) };

/** The result as JSON; undefined for what this server does not know. */
function resultOf({ method, params = {} }: Message): Buffer | undefined {
  const isStateless = params._meta !== undefined && 'io.modelcontextprotocol/protocolVersion' in params._meta;
  if (method === 'tools/call') {
    return isTool(params.name) ? CALLED[isStateless ? 'stateless' : 'handshake'][params.name] : undefined;
  }
  const capabilities = { tools: {} };
  const results: Readonly<Record<string, object>> = isStateless
    ? {
        'server/discover': complete({ supportedVersions: [VERSIONS[1]], capabilities, ...UNCACHED }),
        'tools/list': complete({ tools, ...UNCACHED }),
      }
    : {
        initialize: { protocolVersion: params.protocolVersion ?? VERSIONS[0], capabilities, serverInfo: SERVER },
        'tools/list': { tools },
        ping: {},
      };
  return Object.hasOwn(results, method) ? Buffer.from(JSON.stringify(results[method])) : undefined;
}

/** The response to a request as JSON; null for a notification. */
export function answerTo(message: Message): Buffer | null {
  if (message.id === undefined) {
    return null;
  }
  const id = JSON.stringify(message.id);
  const result = resultOf(message);
  return result === undefined
    ? Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"Method not found"}}`)
    : Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":`), result, Buffer.from('}')]);
}
