import type { IncomingHttpHeaders } from 'node:http';
import { isObject } from '../base/is-object.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import {
  decodeHeader,
  type Era,
  HANDSHAKE_VERSIONS,
  META_PREFIX,
  NAME_PARAMETERS,
  STATELESS_VERSION,
} from '../runtime/protocol.ts';
import { type Message, RpcError } from './message.ts';
import { valueLike } from './repeated-headers.ts';

/**
 * Determines the era of a message by the version in its `_meta`, not by a header. For a stateless message, the
 * headers must agree with the body: proxies see the headers, and the gateway decides by the body. Throws an RpcError.
 */
export function eraOf({ id, method, params }: Message, headers: IncomingHttpHeaders): Era {
  const meta = isObject(params._meta) ? params._meta : {};
  const version = meta[`${META_PREFIX}protocolVersion`];
  const named = single(headers['mcp-protocol-version']);
  if (version === undefined) {
    if (named === STATELESS_VERSION && id !== undefined) {
      throw invalidEnvelope('_meta');
    }
    if (
      named !== undefined &&
      named !== STATELESS_VERSION &&
      !HANDSHAKE_VERSIONS.some((version) => version === named)
    ) {
      throw unsupported(named, [STATELESS_VERSION, ...HANDSHAKE_VERSIONS]);
    }
    return 'handshake';
  }
  if (named !== undefined || version === STATELESS_VERSION) {
    requireSameHeader('MCP-Protocol-Version', named, String(version));
  }
  if (version !== STATELESS_VERSION) {
    throw unsupported(String(version), [STATELESS_VERSION]);
  }
  requireSameHeader('Mcp-Method', single(headers['mcp-method']), method ?? '');
  const parameter = NAME_PARAMETERS[method ?? ''];
  const name = parameter === undefined ? undefined : params[parameter];
  if (typeof name === 'string') {
    const sent = valueLike(single(headers['mcp-name']), (value) => decodeHeader(value) === name);
    requireSameHeader('Mcp-Name', sent === undefined ? undefined : decodeHeader(sent), name);
  }
  if (id !== undefined && typeof meta[`${META_PREFIX}clientCapabilities`] !== 'object') {
    throw invalidEnvelope(`${META_PREFIX}clientCapabilities`);
  }
  return 'stateless';
}

/** Whether a client of the stateless version has written a message, also if the message is not valid. */
export const isStateless = ({ params }: Pick<Message, 'params'>, headers: IncomingHttpHeaders): boolean =>
  single(headers['mcp-protocol-version']) === STATELESS_VERSION ||
  (isObject(params._meta) && `${META_PREFIX}protocolVersion` in params._meta);

/** Chooses the version for the answer to `initialize`: that of the client, or else the newest with a handshake. */
export const negotiateVersion = (wanted: unknown): string =>
  HANDSHAKE_VERSIONS.find((version) => version === wanted) ?? HANDSHAKE_VERSIONS[0];

/**
 * Whether a server has answered `initialize` in a newer version than the one that the client knows. The client would have to
 * leave; versions with a handshake differ so little that it need not. Versions are dates.
 */
export const isNewerVersion = (spoken: unknown, wanted: unknown): boolean =>
  typeof spoken === 'string' && HANDSHAKE_VERSIONS.some((version) => version === wanted && spoken > version);

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header;

/** Throws an RpcError if a header differs from the body. */
export function requireSameHeader(header: string, sent: string | undefined, body: string): void {
  if (sent !== body) {
    const message = `The header ${header} and the body disagree.`;
    throw new RpcError(RPC_ERROR_CODES.headerMismatch, message, { status: 400, data: { header: sent ?? null, body } });
  }
}

/** The same shape as the result of `server/discover`, so that clients can reuse their parser. */
const unsupported = (requested: string, supported: readonly string[]): RpcError =>
  new RpcError(RPC_ERROR_CODES.unsupportedVersion, `Unsupported protocol version: ${requested}`, {
    status: 400,
    data: { supported, requested },
  });

const invalidEnvelope = (key: string): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidParams,
    `The request lacks ${key}, which protocol version ${STATELESS_VERSION} wants.`,
    {
      status: 400,
    },
  );
