import type { MemoryScope } from '../base/memory-scope.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { isEventStream, isJson, protocolViolation, readMessages, type ServerMessage } from './messages.ts';
import { readRefusal } from './read-refusal.ts';
import { retryAfterOf } from './retry-after.ts';
import { credentialsRefused, isBusyStatus, isUnavailableStatus, ServerFailed } from './server-failed.ts';
import { unanswered } from './streamed-answer.ts';

/** The failure for an HTTP status that means that a server cannot answer now, and its JSON-RPC error if it has sent one. */
export const unavailable = (server: string, answer: HttpAnswer, refusal?: string): ServerFailed =>
  new ServerFailed(server, 'unavailable', `answered with HTTP ${answer.status}.`, undefined, {
    isRateLimited: answer.status === 429,
    retryAfterSeconds: retryAfterOf(answer),
    refusal,
  });

/** Reads the messages of an answer, and discards the answer at the end. Throws ServerFailed. */
export async function* readAnswer(
  server: string,
  answer: HttpAnswer,
  memory: MemoryScope,
): AsyncGenerator<ServerMessage> {
  if (isBusyStatus(answer.status) && isJson(answer)) {
    throw unavailable(server, answer, (await readRefusal(answer))?.text);
  }
  if (!isJson(answer) && !isEventStream(answer)) {
    discard(answer);
    throw isUnavailableStatus(answer.status)
      ? unavailable(server, answer)
      : protocolViolation(server, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  yield* readMessages(server, answer, memory);
}

/** Reads the response to the request with that id from an answer, and discards the answer. Throws ServerFailed. */
export async function readResponse(
  server: string,
  answer: HttpAnswer,
  id: number,
  memory: MemoryScope,
): Promise<ServerMessage> {
  try {
    if (answer.status === 403) {
      // To a question of the gateway itself, it concerns its credentials.
      throw credentialsRefused(server, answer.status);
    }
    for await (const message of readAnswer(server, answer, memory)) {
      if (message.method === undefined && (message.id === id || (message.id ?? null) === null)) {
        return message;
      }
    }
  } finally {
    discard(answer);
  }
  throw unanswered(server);
}
