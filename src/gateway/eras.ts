import type { IncomingHttpHeaders } from 'node:http';
import { CODES, type Message, RpcError } from './message.ts';

/** Versions whose clients begin with `initialize`; the newest first. */
const HANDSHAKE_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
/** The version without sessions, in which every request says who asks. */
export const STATELESS_VERSION = '2026-07-28';

export type Era = 'handshake' | 'stateless';

const META = 'io.modelcontextprotocol/';
/** Headers repeat these parameters of the body (2026-07-28, "Streamable HTTP", standard headers). */
const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * Tells by the envelope in `_meta`, not by a header, which protocol a message speaks. Of a stateless one, the headers
 * must agree with the body: what was decided on is what proxies on the way have seen. Throws an RpcError.
 */
export function eraOf({ id, method, params }: Message, headers: IncomingHttpHeaders): Era {
  const meta = (params._meta ?? {}) as Readonly<Record<string, unknown>>;
  const version = meta[`${META}protocolVersion`];
  const named = single(headers['mcp-protocol-version']);
  if (version === undefined) {
    if (named === STATELESS_VERSION && id !== undefined) {
      throw invalidEnvelope('_meta');
    }
    if (named !== undefined && named !== STATELESS_VERSION && !HANDSHAKE_VERSIONS.includes(named)) {
      throw unsupported(named);
    }
    return 'handshake';
  }
  if (version !== STATELESS_VERSION) {
    throw unsupported(String(version));
  }
  requireSame('MCP-Protocol-Version', named, version);
  requireSame('Mcp-Method', single(headers['mcp-method']), method);
  const parameter = NAMED_BY[method];
  if (parameter !== undefined && typeof params[parameter] === 'string') {
    requireSame('Mcp-Name', decoded(single(headers['mcp-name'])), params[parameter]);
  }
  if (id !== undefined && typeof meta[`${META}clientCapabilities`] !== 'object') {
    throw invalidEnvelope(`${META}clientCapabilities`);
  }
  return 'stateless';
}

/** The version that an `initialize` is answered with: the client's own, else the newest with a handshake. */
export const negotiate = (wanted: unknown): string =>
  HANDSHAKE_VERSIONS.find((version) => version === wanted) ?? (HANDSHAKE_VERSIONS[0] as string);

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header;

/** A header value that is no plain ASCII comes in base64 (2026-07-28, "Value encoding"). */
function decoded(value: string | undefined): string | undefined {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(value ?? '') ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString('utf8');
}

function requireSame(header: string, sent: string | undefined, body: string): void {
  if (sent !== body) {
    const message = `The header ${header} and the body disagree.`;
    throw new RpcError(CODES.headerMismatch, message, { status: 400, data: { header: sent ?? null, body } });
  }
}

const unsupported = (requested: string): RpcError =>
  new RpcError(CODES.unsupportedVersion, `Unsupported protocol version: ${requested}`, {
    status: 400,
    data: { supported: [STATELESS_VERSION, ...HANDSHAKE_VERSIONS], requested },
  });

const invalidEnvelope = (key: string): RpcError =>
  new RpcError(CODES.invalidParams, `The request lacks ${key}, which protocol version ${STATELESS_VERSION} wants.`, {
    status: 400,
  });
