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

export type HttpIntroductionOptions = Pick<ConnectionOptions, 'memory'> & {
  /** The server's, for messages to people. */
  readonly name: string;
  readonly requests: HttpRequests;
  readonly ownId: () => number;
  readonly room: ReturnType<typeof createFactsMemory>;
  /** Aborted when the connection is closed. */
  readonly closed: AbortSignal;
};

/** Has a server introduce itself over Streamable HTTP, once in each era: by what it says of itself, and by a session. */
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
      // What older servers make of a method that they do not know need not be a message.
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
      // What newer servers make of a method that they do not know need not be a message either.
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
      // Who knows neither may have been something in the server's place, such as the page of a proxy.
      discover.forget(null);
      throw error;
    }),
  );

  return { discover, session };
}
