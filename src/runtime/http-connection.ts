import type { MayBeSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/send-http.ts';
import type { BareConnection, ConnectionOptions, ConnectionRequest } from './connection.ts';
import { createFactsMemory } from './facts-memory.ts';
import { readAnswer } from './http-answers.ts';
import { createHttpIntroduction } from './http-introduction.ts';
import { createHttpRequests } from './http-requests.ts';
import { listenForChanges } from './listen-for-changes.ts';
import { introductionTimeout } from './memoize-until-failure.ts';
import { isJson, protocolViolation, type ServerMessage } from './messages.ts';
import { cancelledNotification, type Era } from './protocol.ts';
import { readBeginning } from './read-beginning.ts';
import { createRequestRefuser } from './refuse-requests.ts';
import { createRequestIds, mapProgressToken, OPEN_OBJECT_CODE, replaceAnswerId, writeRequest } from './request-ids.ts';
import { disconnected } from './server-failed.ts';
import { streamAnswer, unanswered } from './streamed-answer.ts';
import type { HttpTarget } from './target.ts';

/** Creates a connection to a server over Streamable HTTP (MCP 2025-11-25, "Transports"). */
export function createHttpConnection(
  { egress, memory, onLost }: ConnectionOptions,
  target: HttpTarget,
): BareConnection {
  const { name, idleTimeoutMs } = target;
  const ownId = createRequestIds();
  const room = createFactsMemory(memory);
  const closed = new AbortController();
  const requests = createHttpRequests({ egress, memory, onLost }, target);
  const { post, postStateless } = requests;
  const { discover, session } = createHttpIntroduction({ name, memory, requests, ownId, room, closed: closed.signal });

  /** Posts a message in the session of the gateway. Begins a new session if the server has forgotten it. */
  const postOnSession = async (
    message: string | Buffer,
    signal: AbortSignal,
    { isRetry = false, mayBeSent }: { readonly isRetry?: boolean; readonly mayBeSent?: MayBeSent | undefined } = {},
  ): Promise<HttpAnswer> => {
    const current = await session();
    if (current === null) {
      throw protocolViolation(name, 'it knows no handshake');
    }
    const answer = await post(message, current.headers, signal, idleTimeoutMs, mayBeSent);
    if (answer.status === 404 && current.id !== undefined && !isRetry) {
      discard(answer);
      session.forget(current);
      return postOnSession(message, signal, { isRetry: true, mayBeSent });
    }
    return answer;
  };

  /** Cancels a request. In the stateless version, the end of the connection does that. */
  const cancel = (era: Era, own: number): void => {
    if (era === 'handshake') {
      void postOnSession(JSON.stringify(cancelledNotification(own)), introductionTimeout(), { isRetry: true }).then(
        discard,
        () => undefined,
      );
    }
  };

  const refuse = createRequestRefuser((answer) =>
    postOnSession(JSON.stringify(answer), introductionTimeout()).then(discard),
  );

  const begin = async (
    { id, method, params, json, headers, mayBeSent }: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
  ) => {
    const own = ownId();
    const { params: mapped, restore } = mapProgressToken(params, own);
    try {
      const answer =
        era === 'stateless'
          ? await postStateless({ method, params: mapped, headers, mayBeSent }, own, signal)
          : await postOnSession(
              writeRequest({ id, method, params: mapped, json: mapped === params ? json : undefined }, own),
              signal,
              { mayBeSent },
            );
      return { answer, asked: { own, id, era, restore } };
    } catch (error) {
      if (signal.aborted) {
        cancel(era, own);
      }
      throw error;
    }
  };

  const sendRaw: BareConnection['sendRaw'] = async (request, era, signal) => {
    const { answer, asked } = await begin(request, era, signal);
    if (!isJson(answer)) {
      return messages(answer, asked);
    }
    const { body } = answer;
    const { bytes, isWhole } = Buffer.isBuffer(body) ? { bytes: body, isWhole: true } : await readBeginning(body);
    if (isWhole) {
      return replaceAnswerId(bytes, asked.own, asked.id) ?? messages({ ...answer, body: bytes }, asked);
    }
    return bytes[0] === OPEN_OBJECT_CODE ? streamAnswer(name, answer, asked.own, asked.id) : messages(answer, asked);
  };

  async function* messages(
    answer: HttpAnswer,
    {
      own,
      id,
      era,
      restore,
    }: { own: number; id: unknown; era: Era } & Pick<ReturnType<typeof mapProgressToken>, 'restore'>,
  ): AsyncGenerator<ServerMessage> {
    let isAnswered = false;
    try {
      using reading = memory();
      for await (const message of readAnswer(name, answer, reading)) {
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

  async function* send(request: ConnectionRequest, era: Era, signal: AbortSignal): AsyncGenerator<ServerMessage> {
    const { answer, asked } = await begin(request, era, signal);
    yield* messages(answer, asked);
  }

  const introduce: BareConnection['introduce'] = async () => {
    const stateless = await discover();
    const facts = stateless ?? (await session());
    if (facts === null) {
      throw protocolViolation(name, 'it knows neither a handshake nor the version without one');
    }
    return { era: stateless === null ? 'handshake' : 'stateless', facts };
  };

  const close = async (): Promise<void> => {
    closed.abort(disconnected(name));
    const open = await session.known()?.catch(() => null);
    if (open?.id !== undefined && target.endsSession) {
      const { headers } = open;
      const request = { method: 'DELETE', headers, signal: AbortSignal.timeout(1000), idleTimeoutMs: 1000 } as const;
      await requests.send(request).then(discard, () => undefined);
    }
    room.release();
  };

  const listened = {
    target,
    memory,
    discover,
    session,
    send,
    sendHttp: requests.send,
    streamIdleTimeoutMs: target.streamIdleTimeoutMs,
  };
  return {
    ...listened,
    introduce,
    sendRaw,
    listen: (onChanged, signal) => listenForChanges(listened, onChanged, AbortSignal.any([signal, closed.signal])),
    isOpen: () => null,
    knownFault: () => null,
    stderr: () => null,
    close,
  };
}
