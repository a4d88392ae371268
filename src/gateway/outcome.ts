import type { Verdict } from '../approvals/decision.ts';
import { noteOutcome } from '../approvals/note-outcome.ts';
import { NotSent } from '../base/not-sent.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { RpcError } from './message.ts';
import type { Served } from './served.ts';

/** A call of an existing tool, with its decision: it runs, it must wait for a person, or a person has denied it. */
export type DecidedCall = {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly verdict: Verdict | 'denied';
  /** The approval request whose approval the call has used; null if it needs none, or has none. */
  readonly requestId: string | null;
};

/** The answer to a message. */
export type Answered = {
  /** Whether the answer reports a failure; undefined if the server ended without an answer. */
  readonly isError: boolean | undefined;
  readonly responseBytes: number;
  /** Whether the server asks the client for more: the call goes on. */
  readonly isQuestion?: boolean;
};

/** The result of a message: the call and its answer for a call of an existing tool, otherwise null. */
export type Outcome = (Answered & { readonly call: DecidedCall }) | null;

const NOTHING: Answered = { isError: undefined, responseBytes: 0 };

/** The answer to a message was not sent, or not completely. Its cause gives the reason. */
export class AnswerFailed extends Error {
  override readonly name = 'AnswerFailed';
  /** The part of the answer before the failure. */
  readonly answered: Answered;
  /** The call, if there was a decision. */
  readonly call: DecidedCall | undefined;

  constructor(cause: unknown, more: { readonly answered?: Answered; readonly call?: DecidedCall } = {}) {
    super('the answer failed', { cause });
    this.answered = more.answered ?? NOTHING;
    this.call = more.call;
  }
}

/** Nothing was sent: the list of tools is too old for a decision. */
export class OutdatedTools extends RpcError {}

/**
 * Answers a call after its decision. Throws an AnswerFailed that contains the call. Throws NotSent unchanged, because
 * such a call is decided again.
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

/** The time of a message in milliseconds of `performance.now()`, and its size in bytes. */
export type MessageStart = { readonly at: number; readonly requestBytes: number };

/** The reason of a missing answer, if neither the server nor a decision caused it. */
export type UnansweredReason = 'client_gone' | 'endpoint_gone' | 'internal';

/**
 * Records a finished call in the audit log, and the outcome of an approved one. Messages that are not calls of existing
 * tools are not recorded.
 */
export function recordCall(
  deps: Pick<Deps, 'callAudit' | 'now' | 'store' | 'log'>,
  { organizationId, endpoint }: Served,
  ended: Outcome | AnswerFailed,
  { at, requestBytes }: MessageStart,
  unanswered: UnansweredReason,
): void {
  if (ended?.call === undefined) {
    return;
  }
  const { call } = ended;
  const { isError, responseBytes, isQuestion } = ended instanceof AnswerFailed ? ended.answered : ended;
  const hasFailed = isError ?? (hasNotRun(ended) || undefined);
  if (call.requestId !== null && hasFailed !== undefined && isQuestion !== true) {
    noteOutcome(deps, organizationId, call.requestId, hasFailed);
  }
  deps.callAudit.record(
    {
      at: deps.now(),
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

/** Whether a call has certainly not run, because its server could not be reached. */
const hasNotRun = (ended: Outcome | AnswerFailed): boolean =>
  ended instanceof AnswerFailed &&
  ended.cause instanceof ServerFailed &&
  ['unreachable', 'unusable'].includes(ended.cause.kind);

/** Returns the reason of a failure; undefined for a success. `cause` is null if nothing failed. */
function reasonOf(
  { verdict }: DecidedCall,
  isError: boolean | undefined,
  cause: unknown,
  unanswered: UnansweredReason,
): string | undefined {
  if (cause instanceof OutdatedTools) {
    return 'outdated_tools';
  }
  if (verdict !== 'runs') {
    return verdict === 'waits' ? 'approval' : 'denied';
  }
  if (isError !== undefined) {
    return isError ? 'tool_error' : undefined;
  }
  const hasServerFailed =
    cause instanceof ServerFailed || (cause instanceof RpcError && cause.code === RPC_ERROR_CODES.serverFailed);
  return cause === null || hasServerFailed ? 'server_failed' : unanswered;
}
