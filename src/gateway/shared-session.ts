import { SMALL_BYTES } from '../base/memory-budget.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { memoryOf } from '../http/memory.ts';
import type { Mask } from '../runtime/mask.ts';
import type { StreamMask } from '../runtime/stream-mask.ts';
import type { StreamedAnswer } from '../runtime/streamed-answer.ts';
import { sendMessages } from './answer-messages.ts';
import { rewritten } from './ask-on.ts';
import type { ServerCall } from './call.ts';
import { maskForAnswer, roomFor } from './mask-for.ts';
import { RpcError } from './message.ts';
import { noteToolChanges } from './note-tool-changes.ts';
import { type Answered, AnswerFailed } from './outcome.ts';
import { passBusyErrors } from './pass-refusal.ts';
import { sendJson, sendPieces } from './reply.ts';

/** The methods that would change the session of the gateway for all clients that share it. */
export const SESSION_METHODS = ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'];

/** Sends a request in the session of the gateway under a new id, and its answer under the id of the client. */
export async function askInSharedSession(deps: Deps, call: ServerCall): Promise<Answered> {
  const { source, connection, era, message, request, response, signal, mayBeSent, rewrite } = call;
  const mask = await maskForAnswer(request, connection.target, message.params);
  if (SESSION_METHODS.includes(message.method) && (await connection.session())?.id !== undefined) {
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, 'This changes a session: initialize one of your own first.');
  }
  const answer = await connection.sendRaw({ ...message, mayBeSent }, era, signal);
  if ('chunks' in answer) {
    return sendStream(call, answer, mask);
  }
  if (!('json' in answer)) {
    // All that the stateless era sends through a pipe comes here.
    const messages = rewrite === undefined ? answer : rewritten(source.server.name, answer, rewrite);
    return passBusyErrors(deps, call, mask, () =>
      sendMessages(deps, call, noteToolChanges(deps, source.server, messages), mask),
    );
  }
  const { json, isError } = answer;
  const responseBytes = json.length;
  if (responseBytes > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).waitToResize(responseBytes);
  }
  sendJson(request, response, 200, mask === null ? json : await mask.json(json));
  return { isError, responseBytes };
}

/** Streams an answer, masked. */
async function sendStream(
  { request, response }: ServerCall,
  { chunks, length, bytes, isError }: StreamedAnswer,
  mask: Mask | null,
): Promise<Answered> {
  try {
    const pieces = mask === null ? chunks : masked(chunks, mask.ofStream(false, roomFor(request)));
    await sendPieces(request, response, pieces, mask === null ? length : undefined);
  } catch (error) {
    throw response.headersSent
      ? new AnswerFailed(error, { answered: { isError: isError(), responseBytes: bytes() } })
      : error;
  }
  return { isError: isError(), responseBytes: bytes() };
}

async function* masked(chunks: AsyncIterable<Buffer>, pieces: StreamMask): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield* pieces.add(chunk);
  }
  yield* pieces.end();
}
