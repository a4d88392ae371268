import { randomBytes } from 'node:crypto';
import {
  type CallToolResult,
  createRequestStateCodec,
  type ElicitRequestFormParams,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';

type Schema = ElicitRequestFormParams['requestedSchema'];
type Asked = { readonly by: string; readonly round: number };

/** Seals the state that clients hold between rounds; the server refuses what it did not seal. */
export const requestState = createRequestStateCodec<Asked>({ key: randomBytes(32) });

/** A question to the user, with a form of these fields. */
export const elicit = (message: string, properties: Schema['properties'], required = Object.keys(properties)) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } });

/** A question to the model of the client. */
export const sample = (question: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: question } }],
    maxTokens: 100,
  });

export type Asking = {
  /** Who asks: states of others do not count. */
  readonly by: string;
  /** What to ask: one round after the other. */
  readonly rounds: readonly InputRequests[];
  /** Whether the client must bring back a state with the answers. */
  readonly stateful?: boolean;
};

/**
 * What to return as long as answers are missing: the round that has to be answered next. Undefined when all have been.
 *
 * The client answers by sending the request again; in the versions before 2026-07-28 the SDK asks in its place, with
 * requests of the server's own.
 */
export async function ask(
  ctx: ServerContext,
  { by, rounds, stateful }: Asking,
): Promise<InputRequiredResult | undefined> {
  const state = ctx.mcpReq.requestState<Asked>();
  const known = state?.by === by;
  const round = known ? state.round : 0;
  const keys = Object.keys(rounds[round] ?? {});
  const answered = keys.every((key) => inputResponse(ctx.mcpReq.inputResponses, key).kind !== 'missing');
  const next = answered && (known || !stateful) ? round + 1 : round;
  const inputRequests = rounds[next];
  if (inputRequests === undefined) {
    return undefined;
  }
  return inputRequired({
    inputRequests,
    ...(stateful && { requestState: await requestState.mint({ by, round: next }) }),
  });
}

/** A result that repeats the answers of the last round. */
export const answers = (ctx: ServerContext): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(ctx.mcpReq.inputResponses ?? {}) }],
});
