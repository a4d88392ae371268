import { call } from './client.ts';
import type { Json } from './json.ts';

type Params = Readonly<Record<string, unknown>>;
/** How requests without a session are written in an era of the protocol. */
export type Era = {
  readonly era: string;
  /** The method whose result tells the capabilities. */
  readonly hello: string;
  readonly request: (method: string, params: Params) => { headers: Record<string, string>; params: Params };
};

/** What the `_meta` of every request of 2026-07-28 says. */
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export const HANDSHAKE: Era = {
  era: 'a handshake',
  hello: 'initialize',
  request: (_, params) => ({ headers: {}, params }),
};
export const STATELESS: Era = {
  era: '2026-07-28',
  hello: 'server/discover',
  request: (method, params) => ({
    headers: {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...('name' in params || 'uri' in params ? { 'Mcp-Name': String(params.name ?? params.uri) } : {}),
    },
    params: { ...params, _meta: META },
  }),
};

/** Sends a request to an endpoint and returns its response. */
export async function ask(
  gateway: { readonly url: string },
  { request }: Era,
  token: string,
  method: string,
  given: Params = {},
): Promise<Json> {
  const { headers, params } = request(method, given);
  const body = { jsonrpc: '2.0', id: 1, method, params };
  return (await call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', headers, body })).body;
}
