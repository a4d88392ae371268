import { discard } from '../egress/send-http.ts';
import type { ConnectionOptions, ServerSession } from './connection.ts';
import type { createFactsMemory } from './facts-memory.ts';
import { readResponse, unavailable } from './http-answers.ts';
import type { HttpRequests } from './http-requests.ts';
import { introductionTimeout, memoizeUntilFailure } from './memoize-until-failure.ts';
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
  /** Aborted at the end of the connection. */
  readonly closed: AbortSignal;
};

/**
 * Creates the introduction of a server over Streamable HTTP, at most once in each era: `server/discover`, and a
 * session.
 */
export function createHttpIntroduction({ name, memory, requests, ownId, room, closed }: HttpIntroductionOptions) {
  const { post, postStateless } = requests;
  const soon = (): AbortSignal => AbortSignal.any([closed, introductionTimeout()]);

  const discover = memoizeUntilFailure(name, async (): Promise<ServerFacts | null> => {
    const id = ownId();
    const answer = await postStateless({ method: 'server/discover', params: {} }, id, soon());
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
      room.keep('discovery', facts.bytes, () => discover.forget(facts));
    }
    return facts;
  });

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
      if (error instanceof ServerFailed && error.kind === 'protocol' && (await discover()) !== null) {
        return null;
      }
      throw error;
    });
    const facts = factsOfSession(name, response?.result);
    if (facts === null) {
      if (await discover()) {
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
  const session = memoizeUntilFailure(name, () =>
    beginSession().catch((error: unknown) => {
      // If the server supports neither era, something else may have answered, such as the page of a proxy.
      discover.forget(null);
      throw error;
    }),
  );

  return { discover, session };
}
