import type {
  CancelledNotification,
  InitializedNotification,
  InitializeRequestParams,
  JSONRPCNotification,
  ToolListChangedNotification,
} from '@modelcontextprotocol/client';
import { isObject, parseJson } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { writeJson } from '../base/unparsed.ts';
import { protocolViolation } from './messages.ts';

/** Versions whose clients begin with `initialize`; the newest first. */
export const HANDSHAKE_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** The version without sessions, in which every request says who asks. */
export const STATELESS_VERSION = '2026-07-28';

/** `handshake`: the versions that begin with `initialize`. `stateless`: those in which every message stands alone. */
export type Era = 'handshake' | 'stateless';

/** The prefix of the protocol's own keys in `_meta`. */
export const META_PREFIX = 'io.modelcontextprotocol/';

/** How the gateway names itself to servers. */
const CLIENT_INFO = { name: 'gatehouse', version: '1' };

/** The parameters of the gateway's own `initialize`: it offers a server neither a person nor a model. */
export const INITIALIZE_PARAMS = {
  protocolVersion: HANDSHAKE_VERSIONS[0],
  capabilities: {},
  clientInfo: CLIENT_INFO,
} satisfies InitializeRequestParams;

/** The method of the notification by which a server reports that its tools have changed. */
export const TOOLS_CHANGED = 'notifications/tools/list_changed' satisfies ToolListChangedNotification['method'];

/** The notification that ends the handshake. */
export const INITIALIZED_NOTIFICATION = {
  jsonrpc: '2.0',
  method: 'notifications/initialized',
} satisfies InitializedNotification & JSONRPCNotification;

type Members = Readonly<Record<string, unknown>>;

/** Parameters with what every stateless request says of who asks; what the parameters say themselves goes before. */
export const withStatelessMeta = (params: Members): Members => ({
  ...params,
  _meta: {
    [`${META_PREFIX}protocolVersion`]: STATELESS_VERSION,
    [`${META_PREFIX}clientInfo`]: CLIENT_INFO,
    [`${META_PREFIX}clientCapabilities`]: {},
    ...(params._meta as object),
  },
});

/** The notification that tells a server that no client waits for the answer to a request any more. */
export const cancelledNotification = (requestId: number): object =>
  ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }) satisfies CancelledNotification &
    JSONRPCNotification;

/** The gateway has no person and no model to ask: it only says that it is there. */
export const answerServerRequest = ({ id, method }: Members): object =>
  method === 'ping'
    ? { jsonrpc: '2.0', id, result: {} }
    : { jsonrpc: '2.0', id, error: { code: RPC_ERROR_CODES.methodNotFound, message: 'Method not found' } };

/** Characters of what a server says of itself, as JSON: it is kept as long as the server is connected to. */
const MAX_FACTS_CHARS = 16 * 1024;
/** What keeping it takes beside its characters, of which each may take two bytes. */
const FACTS_BYTES = 512;

/** What a server says of itself. */
export type ServerDescription = {
  readonly capabilities: Members;
  readonly serverInfo: unknown;
  readonly instructions: unknown;
};

/** What a server says of itself, in either era, kept as text: its value may take far more. */
export type ServerFacts = {
  readonly protocolVersion: string;
  /** Parsed each time. */
  readonly description: () => ServerDescription;
  /** What is kept of it. */
  readonly bytes: number;
};

/** What a server says of itself, as both eras keep it. Throws ServerFailed when it is too much. */
function kept(server: string, { capabilities, instructions }: Members, protocolVersion: string, serverInfo: unknown) {
  const said = { capabilities: isObject(capabilities) ? capabilities : {}, instructions, serverInfo };
  const text = writeJson(said);
  if (text.length + protocolVersion.length > MAX_FACTS_CHARS) {
    throw protocolViolation(server, `what it says of itself is longer than ${MAX_FACTS_CHARS} characters`);
  }
  return factsOf(text, protocolVersion);
}

const factsOf = (text: string, protocolVersion: string): ServerFacts => ({
  protocolVersion,
  description: () => parseJson(text) as ServerDescription,
  bytes: FACTS_BYTES + 2 * (text.length + protocolVersion.length),
});

/** What a server offers where all who use it share one session: nothing that changes it, and nothing told unasked. */
export function factsOfSharedSession({ description, protocolVersion }: ServerFacts): ServerFacts {
  const { capabilities, ...rest } = description();
  const { logging, ...offered } = capabilities;
  const shown = Object.entries(offered).map(([name, capability]) => {
    const { listChanged, subscribe, ...others } = (isObject(capability) ? capability : {}) as Record<string, unknown>;
    return [name, others];
  });
  return factsOf(writeJson({ ...rest, capabilities: Object.fromEntries(shown) }), protocolVersion);
}

/** What the result of `initialize` says; null where it is none. Throws ServerFailed when it is too much to be kept. */
export function factsOfSession(server: string, result: unknown): ServerFacts | null {
  if (!isObject(result) || typeof result.protocolVersion !== 'string') {
    return null;
  }
  return kept(server, result, result.protocolVersion, result.serverInfo);
}

/**
 * What the result of `server/discover` says; null when the server does not offer the stateless version. Throws
 * ServerFailed when it is too much to be kept.
 */
export function factsOfDiscovery(server: string, result: unknown): ServerFacts | null {
  const versions = isObject(result) ? result.supportedVersions : undefined;
  if (!isObject(result) || !Array.isArray(versions) || !versions.includes(STATELESS_VERSION)) {
    return null;
  }
  const meta = isObject(result._meta) ? result._meta : {};
  const serverInfo = meta[`${META_PREFIX}serverInfo`] ?? result.serverInfo;
  return kept(server, result, STATELESS_VERSION, serverInfo);
}

/** Headers repeat these parameters of the body (2026-07-28, "Streamable HTTP", standard headers). */
export const NAME_PARAMETERS: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** The headers of a stateless message, made of its body. */
export function statelessHeaders(
  method: string,
  params: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const name = params[NAME_PARAMETERS[method] ?? ''];
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

/** What `encodeHeader` was given. What is not base64 as it should be stays as it is: it is no such value. */
export function decodeHeader(value: string): string {
  const [, base64] =
    /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/.exec(value) ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString('utf8');
}
