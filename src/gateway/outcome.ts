import type { Verdict } from '../approvals/decision.ts';
import { NotSent } from '../base/not-sent.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { RpcError } from './message.ts';
import type { Served } from './served.ts';

/** A call of a tool that is there: it runs, or it must wait for a person. */
export type DecidedCall = {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly verdict: Verdict;
};

/** What a message was answered with. */
export type Answered = {
  /** Whether the answer is a failure, as it says itself; undefined where the server ended without one. */
  readonly isError: boolean | undefined;
  readonly responseBytes: number;
};

/** What became of a message: of a call of a tool that is there; null for every other. */
export type Outcome = (Answered & { readonly call: DecidedCall }) | null;

const NOTHING: Answered = { isError: undefined, responseBytes: 0 };

/** A message whose answer did not come, or not whole: why is its cause. */
export class AnswerFailed extends Error {
  override readonly name = 'AnswerFailed';
  /** What was answered before. */
  readonly answered: Answered;
  /** The call, where one was decided on. */
  readonly call: DecidedCall | undefined;

  constructor(cause: unknown, more: { readonly answered?: Answered; readonly call?: DecidedCall } = {}) {
    super('the answer failed', { cause });
    this.answered = more.answered ?? NOTHING;
    this.call = more.call;
  }
}

/** Nothing was sent: what the server lists is too old to decide by. */
export class OutdatedTools extends RpcError {}

/**
 * Answers a call that was decided on. Throws an AnswerFailed that names it; NotSent goes on as it is, for such a call is
 * decided about anew.
 */
export async function outcomeOf(call: DecidedCall, answer: () => Promise<Answered>): Promise<Outcome> {
  try {
    return { call, ...(await answer()) };
  } catch (error) {
    if (error instanceof NotSent) {
      throw error;
    }
    throw error instanceof AnswerFailed
      ? new AnswerFailed(error.cause, { answered: error.answered, call })
      : new AnswerFailed(error, { call });
  }
}

/** When a message came and how large it was; milliseconds of `performance.now()`, bytes. */
export type MessageStart = { readonly at: number; readonly requestBytes: number };

/** Why there was no answer, where neither the server nor a decision was the reason. */
export type UnansweredReason = 'client_gone' | 'endpoint_gone' | 'internal';

/** Writes a call that has ended into the audit log. A message that was no call of a tool that is there leaves no trace. */
export function recordCall(
  { callAudit, now }: Pick<Deps, 'callAudit' | 'now'>,
  { organizationId, endpoint }: Served,
  ended: Outcome | AnswerFailed,
  { at, requestBytes }: MessageStart,
  unanswered: UnansweredReason,
): void {
  if (ended?.call === undefined) {
    return;
  }
  const { call } = ended;
  const { isError, responseBytes } = ended instanceof AnswerFailed ? ended.answered : ended;
  callAudit.record(
    {
      at: now(),
      organizationId,
      endpoint,
      tool: call.tool,
      durationMs: performance.now() - at,
      requestBytes,
      responseBytes,
      reason: reasonOf(call, isError, ended instanceof AnswerFailed ? ended.cause : null, unanswered),
    },
    call.args,
  );
}

/** Why a call is a failure; undefined for a success. The cause is null where nothing failed. */
function reasonOf(
  { verdict }: DecidedCall,
  isError: boolean | undefined,
  cause: unknown,
  unanswered: UnansweredReason,
): string | undefined {
  if (cause instanceof OutdatedTools) {
    return 'outdated_tools';
  }
  if (verdict === 'waits') {
    return 'approval';
  }
  if (isError !== undefined) {
    return isError ? 'tool_error' : undefined;
  }
  return cause === null || cause instanceof ServerFailed ? 'server_failed' : unanswered;
}
