import { createServer } from 'node:http';
import { announce } from './announce.ts';
import { isTool, TOOL_NAMES, TOOLS, VERSIONS } from './calls.ts';

/**
 * The MCP server behind every side, in a process of its own: written by hand, its answers made beforehand, so that it
 * is never what limits a side. Each message says which era it speaks; there are no sessions.
 */
type Message = {
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

announce(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(405, { Allow: 'POST' }).end();
        return;
      }
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
      if (message.id === undefined) {
        response.writeHead(202).end();
        return;
      }
      const id = JSON.stringify(message.id);
      const result = resultOf(message);
      const answer =
        result === undefined
          ? `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"Method not found"}}`
          : Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":`), result, Buffer.from('}')]);
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
      response.end(answer);
    });
  }),
);
