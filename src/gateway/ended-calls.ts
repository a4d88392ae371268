import type { Verdict } from '../approvals/decision.ts';
import type { Deps } from '../deps.ts';
import type { Result } from './results.ts';
import type { Served } from './served.ts';

/** A call of a tool that is there: it runs, or it must wait for a person. */
export type DecidedCall = { readonly tool: string; readonly args: Result; readonly verdict: Verdict };

/** What becomes of a message, as far as it is a call of a tool; filled in on the way. */
export type CallNote = {
  call?: DecidedCall;
  /** Whether the answer to the call is a failure, as it says itself; undefined while there is none. */
  isError?: boolean | undefined;
  /** The server behind the endpoint could not be asked, or did not answer. */
  hasServerFailed?: boolean;
  /** Nothing was sent: what the server lists is too old to decide by. */
  isOutdated?: boolean;
  responseBytes: number;
};

/** When a message came and how large it was; milliseconds of `performance.now()`, bytes. */
export type Began = { readonly at: number; readonly requestBytes: number };

/** Why there was no answer, where there was none. */
export type Unanswered = 'client_gone' | 'endpoint_gone' | 'internal';

/** Writes a call that has ended into the audit log. A message that was no call of a tool that is there leaves no trace. */
export function recordCall(
  { callAudit, now }: Pick<Deps, 'callAudit' | 'now'>,
  { organizationId, endpoint }: Served,
  note: CallNote,
  { at, requestBytes }: Began,
  unanswered: Unanswered,
): void {
  if (note.call === undefined) {
    return;
  }
  callAudit.record(
    {
      at: now(),
      organizationId,
      endpoint,
      tool: note.call.tool,
      durationMs: performance.now() - at,
      requestBytes,
      responseBytes: note.responseBytes,
      reason: reasonOf(note, unanswered),
    },
    note.call.args,
  );
}

function reasonOf(note: CallNote, unanswered: Unanswered): string | undefined {
  const { call, isError, hasServerFailed, isOutdated } = note;
  if (isOutdated === true) {
    return 'outdated_tools';
  }
  if (call?.verdict === 'waits') {
    return 'approval';
  }
  if (isError !== undefined) {
    return isError ? 'tool_error' : undefined;
  }
  if (hasServerFailed === true) {
    return 'server_failed';
  }
  return unanswered;
}
