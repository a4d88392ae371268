import type { Readable } from 'node:stream';
import type { Deps } from '../deps.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { memoryOf } from '../http/memory.ts';
import type { Mask } from '../runtime/mask.ts';
import { isEventStream, isJson, protocolViolation, readMessages, type ServerMessage } from '../runtime/messages.ts';
import { unanswered } from '../runtime/streamed-answer.ts';
import { sendMessages } from './answer-messages.ts';
import { AnswerScanner } from './answer-scanner.ts';
import { rewritten } from './ask-on.ts';
import type { ServerCall } from './call.ts';
import { maskForAnswer, roomFor } from './mask-for.ts';
import type { Message } from './message.ts';
import { noteToolChanges } from './note-tool-changes.ts';
import { type Answered, AnswerFailed } from './outcome.ts';
import { passRefusal, statusForClient } from './pass-refusal.ts';
import { acceptOf, beginEvents, linkHelp, sendBody, sendJson } from './reply.ts';

/** The request that is answered: a message, or null for the stream of notifications of a session. */
type Asked = Pick<ServerCall, 'source' | 'connection' | 'era' | 'request' | 'response' | 'rewrite'> & {
  readonly message: Message | null;
};

/**
 * Passes an answer back to the client, and discards it at the end: byte by byte if the client accepts its type,
 * otherwise the one message in it. Throws an RpcError, ServerFailed, or AnswerFailed once a part was sent.
 */
export async function passBack(deps: Deps, asked: Asked, answer: HttpAnswer): Promise<Answered> {
  try {
    return await pass(deps, asked, answer);
  } finally {
    discard(answer);
  }
}

async function pass(deps: Deps, asked: Asked, answer: HttpAnswer): Promise<Answered> {
  const { source, connection, request, response } = asked;
  const { name, id: serverId } = source.server;
  const id = idOf(asked);
  const mask = await maskForAnswer(request, connection.target, asked.message?.params ?? null);
  if (answer.status >= 300) {
    linkHelp(response, deps.publicUrl, statusForClient(answer));
    const responseBytes = await passRefusal({ name, mask }, answer, request, response, id);
    return { isError: true, responseBytes };
  }
  if (asked.rewrite !== undefined) {
    const messages = noteToolChanges(deps, source.server, readMessages(name, answer, memoryOf(request)));
    return sendMessages(deps, asked, rewritten(name, messages, asked.rewrite), mask);
  }
  const areEvents = isEventStream(answer);
  const onToolsChanged = (): void => deps.runtime.toolsChanged(serverId);
  const scanner = new AnswerScanner({ id, areEvents, onToolsChanged });
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    scanner.scan(body);
    const responseBytes = body.length;
    sendJson(request, response, answer.status, mask === null ? body : await mask.json(body));
    return { isError: scanner.isError, responseBytes };
  }
  // A client that opens a stream with GET reads the stream, even if its Accept header does not name it.
  const isListening = request.method === 'GET';
  if (areEvents && !isListening && !acceptOf(request).events) {
    const messages = noteToolChanges(deps, source.server, readMessages(name, answer, memoryOf(request)));
    return sendMessages(deps, asked, id === null ? messages : untilAnswered(name, messages), mask);
  }
  if (!areEvents && !isJson(answer) && (id !== null || isListening)) {
    throw protocolViolation(name, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  return passBody(asked, answer, body, mask, scanner);
}

/** Returns the id of the answered request; null if there is none. */
const idOf = ({ message }: Asked): unknown =>
  message === null || message.method === undefined ? null : (message.id ?? null);

/** Streams a body to the client. */
async function passBody(
  { request, response }: Asked,
  answer: HttpAnswer,
  body: Readable,
  mask: Mask | null,
  scanner: AnswerScanner,
): Promise<Answered> {
  const areEvents = isEventStream(answer);
  if (areEvents) {
    beginEvents(response, answer.status);
  } else {
    const { 'content-length': length } = answer.headers;
    response.writeHead(answer.status, {
      ...(isJson(answer) && { 'Content-Type': 'application/json' }),
      ...(length !== undefined && mask === null && { 'Content-Length': length }),
    });
  }
  const pieces = mask === null ? null : mask.ofStream(areEvents, roomFor(request));
  let responseBytes = 0;
  try {
    await sendBody(response, body, { areEvents, pieces }, (chunk) => {
      responseBytes += chunk.length;
      scanner.scan(chunk);
    });
  } catch (error) {
    throw new AnswerFailed(error, { answered: { isError: scanner.isError, responseBytes } });
  }
  return { isError: scanner.isError, responseBytes };
}

/** Passes on messages, and throws unless the reader leaves at an answer. */
async function* untilAnswered(server: string, messages: AsyncIterable<ServerMessage>): AsyncGenerator<ServerMessage> {
  yield* messages;
  throw unanswered(server);
}
