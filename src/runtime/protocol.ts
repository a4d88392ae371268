import type {
  CancelledNotification,
  InitializedNotification,
  InitializeRequestParams,
  JSONRPCNotification,
  ToolListChangedNotification,
} from '@modelcontextprotocol/client';
import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { writeJson } from '../base/unparsed.ts';
import { protocolViolation } from './messages.ts';

/** The versions in which a client begins with `initialize`, the newest first. */
export const HANDSHAKE_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** The version without sessions: every request describes its client. */
export const STATELESS_VERSION = '2026-07-28';

/**
 * `handshake`: the versions that begin with `initialize`. `stateless`: the version in which every message stands
 * alone.
 */
export type Era = 'handshake' | 'stateless';

/** The prefix of the keys of the protocol in `_meta`. */
export const META_PREFIX = 'io.modelcontextprotocol/';

/** The name of the gateway for servers. */
const CLIENT_INFO = { name: 'gatehouse', version: '1' };

/** Makes the parameters of the gateway's own `initialize`: it offers a server neither a person nor a model. */
export const initializeParams = (protocolVersion: string): InitializeRequestParams => ({
  protocolVersion,
  capabilities: {},
  clientInfo: CLIENT_INFO,
});

/** The code with which a server of 2026-07-28 refuses other versions. */
const UNSUPPORTED_VERSION_CODE = -32_022;

/**
 * Whether a server has refused `initialize` because of its version, instead of answering with a version of its own (MCP
 * 2025-11-25, "Version Negotiation"). Such a server may take an older one.
 */
export const refusesVersion = ({ error }: Members): boolean =>
  isObject(error) &&
  error.code !== UNSUPPORTED_VERSION_CODE &&
  typeof error.message === 'string' &&
  /version/i.test(error.message);

/** The method of the notification by which a server reports that its tools have changed. */
export const TOOLS_CHANGED = 'notifications/tools/list_changed' satisfies ToolListChangedNotification['method'];

/** The notification that ends the handshake. */
export const INITIALIZED_NOTIFICATION = {
  jsonrpc: '2.0',
  method: 'notifications/initialized',
} satisfies InitializedNotification & JSONRPCNotification;

type Members = Readonly<Record<string, unknown>>;

/** Adds the `_meta` of every stateless request to parameters. Existing keys win. */
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

/** The error names the gateway: people read it in the result of the tool that has asked. */
const NOT_CARRIED = {
  code: RPC_ERROR_CODES.methodNotFound,
  message: 'Method not found: the gateway Gatehouse carries no requests of servers to clients over this connection.',
};

/**
 * Answers a request of a server: a ping with a result, everything else with an error, because the gateway has neither
 * a person nor a model to ask.
 */
export const answerServerRequest = ({ id, method }: Members): object =>
  method === 'ping' ? { jsonrpc: '2.0', id, result: {} } : { jsonrpc: '2.0', id, error: NOT_CARRIED };

/** The maximum number of characters of a description as JSON: it is kept while the server is connected. */
const MAX_FACTS_CHARS = 16 * 1024;
/** The size of a kept description beside its characters, which may take two bytes each. */
const FACTS_BYTES = 512;

/** The description that a server gives of itself; only the shape of the object is checked. */
export type ServerDescription = {
  readonly capabilities: Members;
  readonly serverInfo: unknown;
  readonly instructions: unknown;
};

/** The description of a server from either era, kept as text, because the parsed value may be far larger. */
export type ServerFacts = {
  readonly protocolVersion: string;
  /** Parses the description at every call. */
  readonly description: () => ServerDescription;
  /** The size of the kept text, in bytes. */
  readonly bytes: number;
};

/** Keeps a description. Throws ServerFailed if it is too long. */
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

/** Removes from capabilities the notifications that a client hears only on a stream of its own. */
export const capabilitiesWithoutStream = (capabilities: Members): Members =>
  Object.fromEntries(
    Object.entries(capabilities).map(([name, capability]) => {
      const { listChanged, subscribe, ...others } = (isObject(capability) ? capability : {}) as Record<string, unknown>;
      return [name, others];
    }),
  );

/**
 * Removes from a description what a shared session cannot offer: capabilities that change the session, and
 * notifications.
 */
export function factsOfSharedSession({ description, protocolVersion }: ServerFacts): ServerFacts {
  const { capabilities, ...rest } = description();
  const { logging, ...offered } = capabilitiesWithoutStream(capabilities);
  return factsOf(writeJson({ ...rest, capabilities: offered }), protocolVersion);
}

/** Reads the description in a result of `initialize`; null if it is not one. Throws ServerFailed if it is too long. */
export function factsOfSession(server: string, result: unknown): ServerFacts | null {
  if (!isObject(result) || typeof result.protocolVersion !== 'string') {
    return null;
  }
  return kept(server, result, result.protocolVersion, result.serverInfo);
}

/**
 * Reads the description in a result of `server/discover`; null if the server does not support the stateless version.
 * Throws ServerFailed if it is too long.
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

/** The parameters of the body that the header `Mcp-Name` repeats (2026-07-28, "Streamable HTTP", standard headers). */
export const NAME_PARAMETERS: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** Makes the headers of a stateless message from its body. */
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

/**
 * Encodes a value for a header: in base64 if it is not plain text, or looks like base64 (2026-07-28, "Value
 * encoding").
 */
export const encodeHeader = (value: string): string =>
  /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value)
    ? value
    : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;

/** Decodes a result of `encodeHeader`. Returns a text with invalid base64 unchanged, because it is not such a value. */
export function decodeHeader(value: string): string {
  const [, base64] =
    /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/.exec(value) ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString('utf8');
}
