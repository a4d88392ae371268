import { isObject } from '../base/is-object.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import type { Connection } from '../runtime/connection.ts';
import type { ServerMessage } from '../runtime/messages.ts';
import { type Era, META_PREFIX, type ServerFacts, STATELESS_VERSION } from '../runtime/protocol.ts';
import { sendMessages } from './answer-messages.ts';
import type { ServerCall } from './call.ts';
import { servedCapabilities } from './capabilities.ts';
import { negotiateVersion } from './eras.ts';
import { maskForAnswer } from './mask-for.ts';
import { type RequestMessage, RpcError } from './message.ts';
import { noteToolChanges } from './note-tool-changes.ts';
import type { Answered } from './outcome.ts';
import { passBusyErrors } from './pass-refusal.ts';
import { completeResult, methodNotFound, type Result, UNCACHED } from './results.ts';
import type { Route } from './route.ts';
import type { ServedServer } from './served.ts';

/** Methods whose results contain their lifetime (2026-07-28, "Caching"). */
const CACHEABLE = /^(?:resources\/read|\w+(?:\/templates)?\/list)$/;
/** Methods that exist in one era only: the bridge offers them neither to clients nor to servers. */
const METHODS_OF_ONE_ERA = [
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
];

/** Makes the result of `initialize` for a client that gets no session at its server. */
export function initializeResultOf(
  { description }: ServerFacts,
  { params }: RequestMessage,
  source: ServedServer,
): Result {
  const { capabilities, serverInfo, instructions } = description();
  return {
    protocolVersion: negotiateVersion(params.protocolVersion),
    capabilities: servedCapabilities(capabilities, source, 'bridge'),
    serverInfo: serverInfo ?? { name: 'unknown', version: '0' },
    ...(instructions !== undefined && { instructions }),
  };
}

/** Makes the result of `server/discover` for a client whose requests take a route. */
export function discoverResultOf({ description }: ServerFacts, source: ServedServer, route: Route): Result {
  const { capabilities, serverInfo, instructions } = description();
  const supportedVersions = [STATELESS_VERSION];
  const offered = { supportedVersions, capabilities: servedCapabilities(capabilities, source, route) };
  return completeResult({ ...offered, ...(instructions !== undefined && { instructions }), ...UNCACHED }, serverInfo);
}

/** Sends a request in the era of the server, and its answer in the era of the client. */
export async function passOverBridge(deps: Deps, call: ServerCall): Promise<Answered> {
  const { source, connection, message, request } = call;
  const mask = await maskForAnswer(request, connection.target, message.params);
  return passBusyErrors(deps, call, mask, () =>
    sendMessages(deps, call, noteToolChanges(deps, source.server, bridge(call)), mask),
  );
}

/**
 * Sends a request in the session of the gateway, in the era of the server, and yields the answering messages in the
 * era of the client. Throws an RpcError for a method that the other era does not have.
 */
async function* bridge(call: ServerCall): AsyncGenerator<ServerMessage> {
  const { connection, era: client, signal, mayBeSent, paramHeaders: headers } = call;
  const { id, method, params } = call.message;
  const server = client === 'stateless' ? 'handshake' : 'stateless';
  if (METHODS_OF_ONE_ERA.includes(method)) {
    if (method === 'ping' && client === 'handshake') {
      yield { jsonrpc: '2.0', id, result: {} };
      return;
    }
    throw methodNotFound(client);
  }
  const asked = client === 'stateless' ? withoutEnvelope(params) : params;
  for await (const message of connection.send({ id, method, params: asked, headers, mayBeSent }, server, signal)) {
    const { result } = message;
    yield !isObject(result) ? message : { ...message, result: await translate(connection, method, result, client) };
  }
}

function withoutEnvelope(params: Result): Result {
  const meta = Object.entries(isObject(params._meta) ? params._meta : {}).filter(
    ([key]) => !key.startsWith(META_PREFIX),
  );
  const { _meta, ...rest } = params;
  return meta.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(meta) };
}

async function translate(connection: Connection, method: string, result: Result, client: Era): Promise<Result> {
  if (client === 'stateless') {
    const cached = CACHEABLE.test(method) ? UNCACHED : {};
    return completeResult({ ...result, ...cached }, (await connection.session())?.description().serverInfo);
  }
  const { resultType, ttlMs, cacheScope, ...rest } = result;
  if (resultType === 'input_required') {
    throw new RpcError(
      RPC_ERROR_CODES.serverFailed,
      `Gatehouse cannot carry a question of the MCP server '${connection.target.name}' to a client of this protocol version. Use a client of ${STATELESS_VERSION}.`,
      { status: 502 },
    );
  }
  return rest;
}
