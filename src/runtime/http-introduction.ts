import type { MemoryScope } from '../base/memory-scope.ts';
import { discard } from '../egress/http-answer.ts';
import type { ConnectionOptions, ServerSession } from './connection.ts';
import type { createFactsMemory } from './facts-memory.ts';
import { readResponse, unavailable } from './http-answers.ts';
import type { HttpRequests } from './http-requests.ts';
import { memoizeUntilFailure } from './memoize-until-failure.ts';
import { isEventStream, isJson, protocolViolation, type ServerMessage } from './messages.ts';
import {
  factsOfDiscovery,
  factsOfSession,
  HANDSHAKE_VERSIONS,
  INITIALIZED_NOTIFICATION,
  initializeParams,
  refusesVersion,
  type ServerFacts,
} from './protocol.ts';
import { isUnavailableStatus, ServerFailed } from './server-failed.ts';

/** Milliseconds between two checks whether a server still supports the stateless version. */
const RECHECK_INTERVAL_MS = 5000;

/** The answer to `initialize`, and the session that its headers name. */
type Initialized = { readonly response: ServerMessage; readonly sessionId: string | undefined };

/** The parts of a connection that the introduction uses. */
export type HttpIntroductionOptions = Pick<ConnectionOptions, 'memory' | 'onHealth'> & {
  /** The name of the server in messages to people. */
  readonly name: string;
  readonly requests: HttpRequests;
  readonly ownId: () => number;
  readonly room: ReturnType<typeof createFactsMemory>;
  readonly limits: ConnectionOptions['limits'];
  /** Called with each session that has begun. */
  readonly onSession: (begun: ServerSession) => void;
  /** Aborted at the end of the connection. */
  readonly closed: AbortSignal;
};

/**
 * Creates the introduction of a server over Streamable HTTP, at most once in each era: `server/discover`, and a
 * session.
 */
export function createHttpIntroduction(options: HttpIntroductionOptions) {
  const { name, memory, requests, ownId, room, limits, onHealth, onSession, closed } = options;
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
    onHealth,
  );

  const forgetDiscovery = (stale: ServerFacts | null): void => {
    probed.forget(stale);
    discover.forget(stale);
  };

  /** Does not ask `discover`, which may wait for the handshake that asks this. */
  const isNewer = async (): Promise<boolean> => (await probed().catch(() => null)) !== null;

  /** Asks for a session in a version. Resolves with null if the server refuses that version. */
  const initialize = async (protocolVersion: string, reading: MemoryScope): Promise<Initialized | null> => {
    const id = ownId();
    const params = initializeParams(protocolVersion);
    const answer = await post(JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params }), {}, soon());
    if (answer.status === 400 && !isJson(answer) && !isEventStream(answer)) {
      // The reason is a text for people, which may be about the version.
      discard(answer);
      return null;
    }
    const response = await readResponse(name, answer, id, reading);
    return refusesVersion(response) ? null : { response, sessionId: answer.headers['mcp-session-id'] };
  };

  /** Asks for a session, in an older version after each refusal of a version. */
  const initializeInAnyVersion = async (reading: MemoryScope): Promise<Initialized> => {
    for (const version of HANDSHAKE_VERSIONS) {
      const initialized = await initialize(version, reading);
      if (initialized !== null) {
        return initialized;
      }
    }
    throw protocolViolation(name, 'it refused to initialize a session in any version');
  };

  const beginSession = async (): Promise<ServerSession | null> => {
    using reading = memory();
    const initialized = await initializeInAnyVersion(reading).catch(async (error: unknown) => {
      // Newer servers may answer an unknown method with something that is not a message.
      if (error instanceof ServerFailed && error.kind === 'protocol' && (await isNewer())) {
        return null;
      }
      throw error;
    });
    const facts = factsOfSession(name, initialized?.response.result);
    if (facts === null) {
      if (await isNewer()) {
        return null;
      }
      throw protocolViolation(name, 'it refused to initialize a session');
    }
    const sessionId = initialized?.sessionId;
    const headers = {
      'mcp-protocol-version': facts.protocolVersion,
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    };
    discard(await post(JSON.stringify(INITIALIZED_NOTIFICATION), headers, soon()));
    const begun = { ...facts, id: sessionId, headers };
    room.keep('session', facts.bytes + 2 * (sessionId?.length ?? 0), () => session.forget(begun));
    onSession(begun);
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
    onHealth,
  );

  let recheckedAt = Number.NEGATIVE_INFINITY;
  const isStillStateless = async (): Promise<boolean> => {
    const known = await discover.known()?.catch(() => null);
    if (known === undefined || known === null || performance.now() - recheckedAt < RECHECK_INTERVAL_MS) {
      return true;
    }
    recheckedAt = performance.now();
    forgetDiscovery(known);
    const isStill = (await discover().catch(() => known)) !== null;
    if (!isStill) {
      // The server before it may have known no handshake.
      session.forget(null);
    }
    return isStill;
  };

  return { discover, session, forgetDiscovery, isStillStateless };
}

/** Failures with which nothing was sent say the same of a handshake; those that nobody made are no failures of a server. */
const mayBeHandshakeServer = (failure: unknown): boolean =>
  failure instanceof ServerFailed && failure.kind !== 'unreachable' && failure.kind !== 'unusable';
