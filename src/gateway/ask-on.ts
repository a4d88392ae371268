import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';
import { Unparsed } from '../base/unparsed.ts';
import type { Deps } from '../deps.ts';
import { protocolViolation, type ServerMessage } from '../runtime/messages.ts';
import { unanswered } from '../runtime/streamed-answer.ts';
import { timeOf } from '../store/time.ts';
import type { ServerCall } from './call.ts';
import type { ApprovedCall } from './require-approval.ts';
import { ROUND_VALID_MS, sealRound } from './rounds.ts';

/** Whether a result asks the client for more, after which it sends its request again (2026-07-28, "Multi round-trip requests"). */
export const isQuestion = (result: unknown): boolean => isObject(result) && result.resultType === 'input_required';

/**
 * Returns what changes the response to an approved call: where the server asks the client for more, its state is sealed
 * with the approval and the number of the round, so that the client can answer in the course of this one call only.
 * Throws ServerFailed for a state that is no text.
 */
export const sealQuestions =
  (
    { store }: Pick<Deps, 'store'>,
    { endpoint, source }: Pick<ServerCall, 'endpoint' | 'source'>,
    { requestId, tool, digest, asked }: ApprovedCall,
  ): NonNullable<ServerCall['rewrite']> =>
  async (response) => {
    const { result } = response;
    if (!isObject(result) || !isQuestion(result)) {
      return response;
    }
    const { requestState } = result;
    const state = requestState instanceof Unparsed ? readJson(requestState.text()) : requestState;
    if (state !== undefined && typeof state !== 'string') {
      throw protocolViolation(source.server.name, 'its `requestState` is no text');
    }
    const round = (asked?.round ?? 0) + 1;
    const until = (await timeOf(store.read)) + ROUND_VALID_MS;
    const of = { kind: 'asked', tool, digest, requestId, round, until } as const;
    const sealed = sealRound(store.read.secrets, endpoint.id, state === undefined ? of : { ...of, state });
    return { ...response, result: { ...result, requestState: sealed } };
  };

/** Yields messages until the response, which is changed. Throws ServerFailed if there is none. */
export async function* rewritten(
  server: string,
  messages: AsyncIterable<ServerMessage>,
  rewrite: NonNullable<ServerCall['rewrite']>,
): AsyncGenerator<ServerMessage> {
  for await (const message of messages) {
    if (message.method === undefined) {
      yield await rewrite(message);
      return;
    }
    yield message;
  }
  throw unanswered(server);
}
