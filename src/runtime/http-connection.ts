import type { MemoryScope } from '../base/memory-scope.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import { beginningOf } from './beginning-of.ts';
import type { ConnectionOptions, OwnRequest, Session, Wire } from './connection.ts';
import { exchange, type ServerRequest } from './exchange.ts';
import { createFactsRoom } from './facts-room.ts';
import { credentialsRefused, isUnavailable, notAnyMore, ServerFailed } from './failed.ts';
import { listenForChanges } from './listen.ts';
import { isJson, isStream, messagesOf, notTheProtocol, type ServerMessage } from './messages.ts';
import { once, patience } from './once.ts';
import { answerFor, createOwnIds, OPEN_OBJECT, withToken } from './own-ids.ts';
import {
  cancelled,
  type Era,
  factsOfDiscovery,
  factsOfSession,
  INITIALIZE,
  INITIALIZED,
  type ServerFacts,
  statelessHeaders,
  withEnvelope,
} from './protocol.ts';
import { createRefuser } from './refuse-requests.ts';
import { streamAnswer, unanswered } from './streamed-answer.ts';
import type { RemoteTarget } from './target.ts';

/** A connection to a server over Streamable HTTP. */
export function httpConnection({ egress, memory, onLost }: ConnectionOptions, target: RemoteTarget): Wire {
  const { name, silence } = target;
  const ownId = createOwnIds();
  const room = createFactsRoom(memory);
  const closed = new AbortController();
  /** Ends what the server introduces itself by. */
  const soon = (): AbortSignal => AbortSignal.any([closed.signal, patience()]);

  const checked = async (request: ServerRequest): Promise<HttpAnswer> => {
    let answer: HttpAnswer;
    try {
      answer = await exchange(egress, target, request);
    } catch (error) {
      if (error instanceof ServerFailed && error.kind === 'unreachable') {
        onLost(error);
      }
      throw error;
    }
    if (answer.status === 401 || answer.status === 403) {
      discard(answer);
      throw credentialsRefused(name, answer.status);
    }
    return answer;
  };
  const post = (
    message: object,
    headers: ServerRequest['headers'],
    signal: AbortSignal,
    quiet = silence,
    mayBeSent?: MayBeSent,
  ): Promise<HttpAnswer> =>
    checked({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(message),
      signal,
      silence: quiet,
      mayBeSent,
    });
  const postStateless = (
    { method, params, headers, mayBeSent }: Omit<OwnRequest, 'id'>,
    id: number,
    signal: AbortSignal,
  ) => {
    const message = { jsonrpc: '2.0', id, method, params: withEnvelope(params) };
    // A subscription is silent as long as nothing changes.
    const ofMessage = { ...headers, ...statelessHeaders(method, params) };
    return post(message, ofMessage, signal, method === 'subscriptions/listen' ? 0 : silence, mayBeSent);
  };

  const discover = once(name, async (): Promise<ServerFacts | null> => {
    const id = ownId();
    const answer = await postStateless({ method: 'server/discover', params: {} }, id, soon());
    if (isUnavailable(answer.status)) {
      discard(answer);
      throw unavailable(name, answer);
    }
    using reading = memory();
    const response = await responseOf(name, answer, id, reading).catch((error: unknown) => {
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

  const beginSession = async (): Promise<Session | null> => {
    const id = ownId();
    const answer = await post({ jsonrpc: '2.0', id, method: 'initialize', params: INITIALIZE }, {}, soon());
    using reading = memory();
    const response = await responseOf(name, answer, id, reading).catch(async (error: unknown) => {
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
      throw notTheProtocol(name, 'it refused to initialize a session');
    }
    const sessionId = answer.headers['mcp-session-id'];
    const headers = {
      'mcp-protocol-version': facts.protocolVersion,
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    };
    discard(await post(INITIALIZED, headers, soon()));
    const begun = { ...facts, id: sessionId, headers };
    room.keep('session', facts.bytes + 2 * (sessionId?.length ?? 0), () => session.forget(begun));
    return begun;
  };
  const session = once(name, () =>
    beginSession().catch((error: unknown) => {
      // Who knows neither may have been something in the server's place, such as the page of a proxy.
      discover.forget(null);
      throw error;
    }),
  );

  /** On the gateway's own session, which is begun anew when the server has forgotten it. */
  const postOnSession = async (
    message: object,
    signal: AbortSignal,
    { isRetry = false, mayBeSent }: { readonly isRetry?: boolean; readonly mayBeSent?: MayBeSent | undefined } = {},
  ): Promise<HttpAnswer> => {
    const current = await session();
    if (current === null) {
      throw notTheProtocol(name, 'it knows no handshake');
    }
    const answer = await post(message, current.headers, signal, silence, mayBeSent);
    if (answer.status === 404 && current.id !== undefined && !isRetry) {
      discard(answer);
      session.forget(current);
      return postOnSession(message, signal, { isRetry: true, mayBeSent });
    }
    return answer;
  };

  /** Nobody waits for it any more; in the stateless protocol, the end of the connection says so. */
  const cancel = (era: Era, own: number): void => {
    if (era === 'handshake') {
      void postOnSession(cancelled(own), patience(), { isRetry: true }).then(discard, () => undefined);
    }
  };

  const refuse = createRefuser((answer) => postOnSession(answer, patience()).then(discard));

  const begin = async ({ id, method, params, headers, mayBeSent }: OwnRequest, era: Era, signal: AbortSignal) => {
    const own = ownId();
    const { params: mapped, restore } = withToken(params, own);
    try {
      const answer =
        era === 'stateless'
          ? await postStateless({ method, params: mapped, headers, mayBeSent }, own, signal)
          : await postOnSession({ jsonrpc: '2.0', id: own, method, params: mapped }, signal, { mayBeSent });
      return { answer, asked: { own, id, era, restore } };
    } catch (error) {
      if (signal.aborted) {
        cancel(era, own);
      }
      throw error;
    }
  };

  const ask: Wire['ask'] = async (request, era, signal) => {
    const { answer, asked } = await begin(request, era, signal);
    if (!isJson(answer)) {
      return messages(answer, asked);
    }
    const { body } = answer;
    const { bytes, isWhole } = Buffer.isBuffer(body) ? { bytes: body, isWhole: true } : await beginningOf(body);
    if (isWhole) {
      return answerFor(bytes, asked.own, asked.id) ?? messages({ ...answer, body: bytes }, asked);
    }
    return bytes[0] === OPEN_OBJECT ? streamAnswer(name, answer, asked.own, asked.id) : messages(answer, asked);
  };

  async function* messages(
    answer: HttpAnswer,
    { own, id, era, restore }: { own: number; id: unknown; era: Era } & Pick<ReturnType<typeof withToken>, 'restore'>,
  ): AsyncGenerator<ServerMessage> {
    let isAnswered = false;
    try {
      using reading = memory();
      for await (const message of answersIn(name, answer, reading)) {
        if (message.method === undefined) {
          if (message.id === own || (message.id ?? null) === null) {
            isAnswered = true;
            yield { ...message, id };
            return;
          }
        } else if (message.id === undefined) {
          const told = restore(message);
          if (told !== undefined) {
            yield told;
          }
        } else if (era === 'handshake') {
          refuse(message);
        }
      }
      isAnswered = true;
      throw unanswered(name);
    } finally {
      discard(answer);
      if (!isAnswered) {
        cancel(era, own);
      }
    }
  }

  async function* send(request: OwnRequest, era: Era, signal: AbortSignal): AsyncGenerator<ServerMessage> {
    const { answer, asked } = await begin(request, era, signal);
    yield* messages(answer, asked);
  }

  const introduce: Wire['introduce'] = async () => {
    const stateless = await discover();
    const facts = stateless ?? (await session());
    if (facts === null) {
      throw notTheProtocol(name, 'it knows neither a handshake nor the version without one');
    }
    return { era: stateless === null ? 'handshake' : 'stateless', facts };
  };

  const close = async (): Promise<void> => {
    closed.abort(notAnyMore(name));
    const open = await session.known()?.catch(() => null);
    if (open?.id !== undefined && target.endsSession) {
      const { headers } = open;
      const request = { method: 'DELETE', headers, signal: AbortSignal.timeout(1000), silence: 1000 } as const;
      await checked(request).then(discard, () => undefined);
    }
    room.release();
  };

  const listened = { target, memory, discover, session, send, exchange: checked, streamSilence: target.streamSilence };
  return {
    ...listened,
    introduce,
    ask,
    listen: (onChanged, signal) => listenForChanges(listened, onChanged, AbortSignal.any([signal, closed.signal])),
    isOpen: () => null,
    complaint: () => null,
    stderr: () => null,
    close,
  };
}

const unavailable = (server: string, { status }: HttpAnswer): ServerFailed =>
  new ServerFailed(server, 'unavailable', `answered with HTTP ${status}.`);

async function* answersIn(server: string, answer: HttpAnswer, memory: MemoryScope): AsyncGenerator<ServerMessage> {
  if (!isJson(answer) && !isStream(answer)) {
    discard(answer);
    throw isUnavailable(answer.status)
      ? unavailable(server, answer)
      : notTheProtocol(server, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  yield* messagesOf(server, answer, memory);
}

/** The response in an answer, which it owns. */
async function responseOf(server: string, answer: HttpAnswer, id: number, memory: MemoryScope): Promise<ServerMessage> {
  try {
    for await (const message of answersIn(server, answer, memory)) {
      if (message.method === undefined && (message.id === id || (message.id ?? null) === null)) {
        return message;
      }
    }
  } finally {
    discard(answer);
  }
  throw unanswered(server);
}
