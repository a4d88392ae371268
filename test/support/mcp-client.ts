import { type Answer, call } from './client.ts';

/**
 * How clients come: `just calls` and `own session` in the protocol versions with a handshake, without and with one;
 * `stateless` in 2026-07-28.
 */
export type Way = 'just calls' | 'own session' | 'stateless';
export const WAYS: readonly Way[] = ['just calls', 'own session', 'stateless'];
export const eraOf = (way: Way) => (way === 'stateless' ? 'stateless' : 'handshake');

export type Headers = Readonly<Record<string, string>>;
export type Place = { readonly gateway: { readonly url: string }; readonly token: string };
/** Sends a request of this method. */
export type Ask = (method: string, params?: Readonly<Record<string, unknown>>, headers?: Headers) => Promise<Answer>;

export const STATELESS_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export const post = ({ gateway, token }: Place, body: unknown, headers: Headers = {}): Promise<Answer> =>
  call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body, headers });

/** The body and the headers of a request that a client of the way sends. */
export function requestOf(way: Way, id: unknown, method: string, params: Readonly<Record<string, unknown>> = {}) {
  if (way !== 'stateless') {
    return { body: { jsonrpc: '2.0', id, method, params }, headers: {} };
  }
  const name = params.name ?? params.uri;
  const headers: Headers = {
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': method,
    ...(typeof name === 'string' && { 'Mcp-Name': name }),
  };
  return { body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: STATELESS_META } }, headers };
}

/** Begins a session; answers with the header that names it. */
export async function beginSession(
  place: Place,
  capabilities: object = {},
): Promise<{ readonly 'Mcp-Session-Id': string }> {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } };
  const { headers } = await post(place, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const session = { 'Mcp-Session-Id': headers.get('mcp-session-id') ?? '' };
  await post(place, { jsonrpc: '2.0', method: 'notifications/initialized' }, session);
  return session;
}

/** A client that comes one of the ways. */
export async function connect(place: Place, way: Way): Promise<Ask> {
  const session = way === 'own session' ? await beginSession(place) : {};
  let id = 0;
  return (method, params, headers = {}) => {
    const asked = requestOf(way, ++id, method, params);
    return post(place, asked.body, { ...session, ...asked.headers, ...headers });
  };
}
