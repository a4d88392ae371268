import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { Deps } from '../deps.ts';
import { memoryOf } from '../http/memory.ts';
import type { ServerCall } from './call.ts';
import { maskFor } from './mask-for.ts';
import { CODES, RpcError } from './message.ts';
import type { Answered } from './outcome.ts';
import { sendJson, sendMessages } from './reply.ts';

/** What would change the gateway's own session for all who share it. */
export const OF_SESSIONS = ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'];

/** Sends a request on in the gateway's own session, under an id of its own, and its answer back under the client's. */
export async function askInSharedSession(_: Deps, call: ServerCall): Promise<Answered> {
  const { connection, era, message, request, response, signal, mayBeSent } = call;
  const mask = await maskFor(request, connection.target, message.params);
  if (OF_SESSIONS.includes(message.method) && (await connection.session())?.id !== undefined) {
    throw new RpcError(CODES.invalidRequest, 'This changes a session: initialize one of your own first.');
  }
  const answer = await connection.ask({ ...message, mayBeSent }, era, signal);
  if (!('json' in answer)) {
    return sendMessages(request, response, answer, mask);
  }
  const { json, isError } = answer;
  const responseBytes = json.length;
  if (responseBytes > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).reach(responseBytes);
  }
  sendJson(request, response, 200, mask === null ? json : await mask.json(json));
  return { isError, responseBytes };
}
