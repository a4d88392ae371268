import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { attendSession } from './attend-session.ts';
import type { BareConnection, ConnectionOptions, ConnectionRequest, ServerSession } from './connection.ts';
import { createFactsMemory } from './facts-memory.ts';
import { readAnswer } from './http-answers.ts';
import { createHttpIntroduction } from './http-introduction.ts';
import { createHttpRequests } from './http-requests.ts';
import { listenForChanges, tellsChanges } from './listen-for-changes.ts';
import { createSessionCheck, mentionsSession } from './lost-sessions.ts';
import { hasNullResult, isJson, protocolViolation, type ServerMessage, withoutNullResult } from './messages.ts';
import { cancelledNotification, type Era } from './protocol.ts';
import { readBeginning } from './read-beginning.ts';
import { createRequestRefuser } from './refuse-server-requests.ts';
import { createRequestIds, mapProgressToken, OPEN_OBJECT_CODE, replaceAnswerId, writeRequest } from './request-ids.ts';
import { disconnected, isBusyStatus, type ServerFailed } from './server-failed.ts';
import { createSessionPosts } from './session-posts.ts';
import { streamAnswer, unanswered } from './streamed-answer.ts';
import type { HttpTarget } from './target.ts';

/** Creates a connection to a server over Streamable HTTP (MCP 2025-11-25, "Transports"). */
export function createHttpConnection(
  { egress, memory, onLost, onHealth, limits }: ConnectionOptions,
  target: HttpTarget,
): BareConnection {
  const { name, idleTimeoutMs } = target;
  const ownId = createRequestIds();
  const room = createFactsMemory(memory);
  const closed = new AbortController();
  let isIntroduced = false;
  const note = (failure: ServerFailed | null): void => {
    if (!closed.signal.aborted) {
      onHealth(failure);
    }
  };
  /** Anything may answer at a URL: what has introduced itself is the server. */
  const noteAnswer = (failure: ServerFailed | null): void => {
    if (failure !== null || isIntroduced) {
      note(failure);
    }
  };
  const requests = createHttpRequests({ egress, memory, onLost, onHealth: noteAnswer }, target);
  const { post } = requests;
  const { discover, session, forgetDiscovery, isStillStateless } = createHttpIntroduction({
    name,
    memory,
    requests,
    ownId,
    room,
    limits,
    onHealth: (failure) => {
      isIntroduced ||= failure === null;
      note(failure);
    },
    onSession: (begun) => {
      // Whoever listens for changes answers on that stream.
      if (begun.id !== undefined && !tellsChanges(begun.description().capabilities)) {
        void attendSession({ ...attended, isInUse: () => isCurrent(begun) }, begun, closed.signal);
      }
    },
    closed: closed.signal,
  });

  const isSessionLost = createSessionCheck({
    name,
    memory,
    post,
    ownId,
    timeoutMs: limits.sessionCheckTimeoutMs,
    closed: closed.signal,
  });
  const { isCurrent, forgetLostSession, postInSession, postToNewer } = createSessionPosts({
    name,
    idleTimeoutMs,
    requests,
    session,
    forgetDiscovery,
    isStillStateless,
    isSessionLost,
  });

  /** Cancels a request. In the stateless version, the end of the connection does that. */
  const cancel = (era: Era, own: number): void => {
    if (era === 'handshake') {
      void postInSession(
        JSON.stringify(cancelledNotification(own)),
        AbortSignal.timeout(limits.introductionTimeoutMs),
        { isRetry: true },
      ).then(
        ({ answer }) => discard(answer),
        () => undefined,
      );
    }
  };

  const refuse = createRequestRefuser((answer) =>
    postInSession(JSON.stringify(answer), AbortSignal.timeout(limits.introductionTimeoutMs)).then((posted) =>
      discard(posted.answer),
    ),
  );

  const begin = async (
    { id, method, params, json, headers, mayBeSent }: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
    isRetry: boolean,
  ) => {
    const own = ownId();
    const { params: mapped, restore } = mapProgressToken(params, own);
    try {
      const { answer, used } =
        era === 'stateless'
          ? { answer: await postToNewer({ method, params: mapped, headers, mayBeSent }, own, signal), used: null }
          : await postInSession(
              writeRequest({ id, method, params: mapped, json: mapped === params ? json : undefined }, own),
              signal,
              { isRetry, mayBeSent },
            );
      return { answer, used, asked: { own, id, era, restore } };
    } catch (error) {
      if (signal.aborted) {
        cancel(era, own);
      }
      throw error;
    }
  };

  const { streamIdleTimeoutMs } = target;
  const attended = { name, send: requests.send, memory, streamIdleTimeoutMs, refuse };

  const sendRaw = async (
    request: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
    isRetry = false,
  ): ReturnType<BareConnection['sendRaw']> => {
    const { answer, used, asked } = await begin(request, era, signal, isRetry);
    const again = () => send(request, era, signal, true);
    if (!isJson(answer) || isBusyStatus(answer.status)) {
      return renewing(messages(answer, asked), isRetry ? null : used, again);
    }
    const { body } = answer;
    const { bytes, isWhole } = Buffer.isBuffer(body) ? { bytes: body, isWhole: true } : await readBeginning(body);
    if (isWhole) {
      const raw = replaceAnswerId(bytes, asked.own, asked.id);
      const error = raw?.isError ? parseJson(bytes.toString('utf8')) : undefined;
      if (!isRetry && mentionsSession(error) && (await forgetLostSession(used))) {
        return sendRaw(request, era, signal, true);
      }
      const isAsWritten = raw !== undefined && !hasNullResult(error);
      return isAsWritten ? raw : messages({ ...answer, body: bytes }, asked);
    }
    return bytes[0] === OPEN_OBJECT_CODE ? streamAnswer(name, answer, asked.own, asked.id) : messages(answer, asked);
  };

  async function* send(
    request: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
    isRetry = false,
  ): AsyncGenerator<ServerMessage> {
    const { answer, used, asked } = await begin(request, era, signal, isRetry);
    yield* renewing(messages(answer, asked), isRetry ? null : used, () => send(request, era, signal, true));
  }

  /** Sends a request again if the first and only message about it tells of a lost session. */
  async function* renewing(
    first: AsyncGenerator<ServerMessage>,
    used: ServerSession | null,
    again: () => AsyncGenerator<ServerMessage>,
  ): AsyncGenerator<ServerMessage> {
    let isFirst = true;
    for await (const message of first) {
      if (isFirst && mentionsSession(message) && (await forgetLostSession(used))) {
        yield* again();
        return;
      }
      isFirst = false;
      yield message;
    }
  }

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
          // Some servers put an id of their own into an error. JSON answers nothing but this request.
          const isForeignError = isObject(message.error) && isJson(answer);
          if (message.id === own || (message.id ?? null) === null || isForeignError) {
            isAnswered = true;
            yield { ...withoutNullResult(message), id };
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
    isSessionLost,
    isStillStateless,
    refuse,
    streamIdleTimeoutMs,
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
