import type { MayBeSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import { beginningOf } from './beginning-of.ts';
import type { ConnectionOptions, OwnRequest, Wire } from './connection.ts';
import { createFactsRoom } from './facts-room.ts';
import { notAnyMore } from './failed.ts';
import { answersIn } from './http-answers.ts';
import { createHttpIntroduction } from './http-introduction.ts';
import { createHttpRequests } from './http-requests.ts';
import { listenForChanges } from './listen.ts';
import { isJson, notTheProtocol, type ServerMessage } from './messages.ts';
import { patience } from './once.ts';
import { answerFor, createOwnIds, OPEN_OBJECT_CODE, withToken } from './own-ids.ts';
import { cancelled, type Era } from './protocol.ts';
import { createRefuser } from './refuse-requests.ts';
import { streamAnswer, unanswered } from './streamed-answer.ts';
import type { HttpTarget } from './target.ts';

/** A connection to a server over Streamable HTTP. */
export function httpConnection({ egress, memory, onLost }: ConnectionOptions, target: HttpTarget): Wire {
  const { name, silence } = target;
  const ownId = createOwnIds();
  const room = createFactsRoom(memory);
  const closed = new AbortController();
  const requests = createHttpRequests({ egress, onLost }, target);
  const { checked, post, postStateless } = requests;
  const { discover, session } = createHttpIntroduction({ name, memory, requests, ownId, room, closed: closed.signal });

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
    return bytes[0] === OPEN_OBJECT_CODE ? streamAnswer(name, answer, asked.own, asked.id) : messages(answer, asked);
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
