import { discard } from '../egress/send-http.ts';
import type { ConnectionOptions, ServerSession } from './connection.ts';
import type { createFactsMemory } from './facts-memory.ts';
import { readResponse, unavailable } from './http-answers.ts';
import type { HttpRequests } from './http-requests.ts';
import { memoizeUntilFailure } from './memoize-until-failure.ts';
import { protocolViolation } from './messages.ts';
import {
  factsOfDiscovery,
  factsOfSession,
  INITIALIZE_PARAMS,
  INITIALIZED_NOTIFICATION,
  type ServerFacts,
} from './protocol.ts';
import { isUnavailableStatus, ServerFailed } from './server-failed.ts';

/** The parts of a connection that the introduction uses. */
export type HttpIntroductionOptions = Pick<ConnectionOptions, 'memory'> & {
  /** The name of the server in messages to people. */
  readonly name: string;
  readonly requests: HttpRequests;
  readonly ownId: () => number;
  readonly room: ReturnType<typeof createFactsMemory>;
  readonly limits: ConnectionOptions['limits'];
  /** Aborted at the end of the connection. */
  readonly closed: AbortSignal;
};

/**
 * Creates the introduction of a server over Streamable HTTP, at most once in each era: `server/discover`, and a
 * session.
 */
export function createHttpIntroduction(options: HttpIntroductionOptions) {
  const { name, memory, requests, ownId, room, limits, closed } = options;
  const { introductionTimeoutMs, probeTimeoutMs } = limits;
  const { post, postStateless } = requests;
  const soon = (): AbortSignal => AbortSignal.any([closed, AbortSignal.timeout(introductionTimeoutMs)]);

  /** Asks a question that only newer servers know. Resolves with null if the answer says that the server is older. */
  const probe = async (): Promise<ServerFacts | null> => {
    const id = ownId();
    const signal = AbortSignal.any([closed, AbortSignal.timeout(probeTimeoutMs)]);
    const answer = await postStateless({ method: 'server/discover', params: {} }, id, signal);
    if (isUnavailableStatus(answer.status)) {
      discard(answer);
      throw unavailable(name, answer);
    }
    using reading = memory();
    const response = await readResponse(name, answer, id, reading).catch((error: unknown) => {
      // Older servers may answer an unknown method with something that is not a message.
      if (error instanceof ServerFailed && error.kind === 'protocol') {
        return undefined;
      }
      throw error;
    });
    const facts = factsOfDiscovery(name, response?.result);
    if (facts !== null) {
      room.keep('discovery', facts.bytes, () => forgetDiscovery(facts));
    }
    return facts;
  };
  const probed = memoizeUntilFailure(name, probe, probeTimeoutMs);

  // Good servers fail in any way at a question that they do not know. If the handshake fails too, the first failure counts.
  const discover = memoizeUntilFailure(
    name,
    () =>
      probed().catch(async (failure: unknown) => {
        if (mayBeHandshakeServer(failure) && (await session().catch(() => null)) !== null) {
          return null;
        }
        throw failure;
      }),
    probeTimeoutMs,
  );

  const forgetDiscovery = (stale: ServerFacts | null): void => {
    probed.forget(stale);
    discover.forget(stale);
  };

  /** Does not ask `discover`, which may wait for the handshake that asks this. */
  const isNewer = async (): Promise<boolean> => (await probed().catch(() => null)) !== null;

  const beginSession = async (): Promise<ServerSession | null> => {
    const id = ownId();
    const answer = await post(
      JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params: INITIALIZE_PARAMS }),
      {},
      soon(),
    );
    using reading = memory();
    const response = await readResponse(name, answer, id, reading).catch(async (error: unknown) => {
      // Newer servers may answer an unknown method with something that is not a message.
      if (error instanceof ServerFailed && error.kind === 'protocol' && (await isNewer())) {
        return null;
      }
      throw error;
    });
    const facts = factsOfSession(name, response?.result);
    if (facts === null) {
      if (await isNewer()) {
        return null;
      }
      throw protocolViolation(name, 'it refused to initialize a session');
    }
    const sessionId = answer.headers['mcp-session-id'];
    const headers = {
      'mcp-protocol-version': facts.protocolVersion,
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    };
    discard(await post(JSON.stringify(INITIALIZED_NOTIFICATION), headers, soon()));
    const begun = { ...facts, id: sessionId, headers };
    room.keep('session', facts.bytes + 2 * (sessionId?.length ?? 0), () => session.forget(begun));
    return begun;
  };
  const session = memoizeUntilFailure(
    name,
    () =>
      beginSession().catch((error: unknown) => {
        // If the server supports neither era, something else may have answered, such as the page of a proxy.
        forgetDiscovery(null);
        throw error;
      }),
    introductionTimeoutMs,
  );

  return { discover, session, forgetDiscovery };
}

/** Failures with which nothing was sent say the same of a handshake; those that nobody made are no failures of a server. */
const mayBeHandshakeServer = (failure: unknown): boolean =>
  failure instanceof ServerFailed && failure.kind !== 'unreachable' && failure.kind !== 'unusable';
