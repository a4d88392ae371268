import type { MemoryScope } from '../base/memory-scope.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import { isUnavailable, ServerFailed } from './failed.ts';
import { isJson, isStream, messagesOf, notTheProtocol, type ServerMessage } from './messages.ts';
import { unanswered } from './streamed-answer.ts';

/** A server that is not to be had now. */
export const unavailable = (server: string, { status }: HttpAnswer): ServerFailed =>
  new ServerFailed(server, 'unavailable', `answered with HTTP ${status}.`);

/** The messages in an answer, which it owns. Throws ServerFailed. */
export async function* answersIn(
  server: string,
  answer: HttpAnswer,
  memory: MemoryScope,
): AsyncGenerator<ServerMessage> {
  if (!isJson(answer) && !isStream(answer)) {
    discard(answer);
    throw isUnavailable(answer.status)
      ? unavailable(server, answer)
      : notTheProtocol(server, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  yield* messagesOf(server, answer, memory);
}

/** The response in an answer, which it owns. */
export async function responseOf(
  server: string,
  answer: HttpAnswer,
  id: number,
  memory: MemoryScope,
): Promise<ServerMessage> {
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
