/** Versions whose clients begin with `initialize`; the newest first. */
export const HANDSHAKE_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** The version without sessions, in which every request says who asks. */
export const STATELESS_VERSION = '2026-07-28';

/** `handshake`: the versions that begin with `initialize`. `stateless`: those in which every message stands alone. */
export type Era = 'handshake' | 'stateless';

/** The prefix of the protocol's own keys in `_meta`. */
export const META = 'io.modelcontextprotocol/';

/** Headers repeat these parameters of the body (2026-07-28, "Streamable HTTP", standard headers). */
export const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** The headers of a stateless message, made of its body. */
export function statelessHeaders(
  method: string,
  params: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const name = params[NAMED_BY[method] ?? ''];
  return {
    'mcp-protocol-version': STATELESS_VERSION,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': encodeHeader(name) }),
  };
}

/** A value as a header may hold it: in base64 when it is no plain text, or looks as if it were (2026-07-28, "Value encoding"). */
export const encodeHeader = (value: string): string =>
  /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value)
    ? value
    : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;

/** What `encodeHeader` was given. */
export function decodeHeader(value: string): string {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(value) ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString('utf8');
}
