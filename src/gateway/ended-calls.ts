import type { Verdict } from '../approvals/decision.ts';
import type { Deps } from '../deps.ts';
import type { Served } from './endpoints.ts';
import type { Result } from './results.ts';

/** A call of a tool that is there: it runs, or it must wait for a person. */
export type DecidedCall = { readonly tool: string; readonly args: Result; readonly verdict: Verdict };

/** What becomes of a message, as far as it is a call of a tool; filled in on the way. */
export type CallNote = {
  call?: DecidedCall;
  /** Whether what was answered is a failure; undefined while nothing is. */
  isError?: boolean;
  /** The server behind the endpoint could not be asked, or did not answer. */
  hasServerFailed?: boolean;
  /** Nothing was sent: what the server lists is too old to decide by. */
  isOutdated?: boolean;
  responseBytes: number;
};

/** Notes an answer that is passed on in pieces. What looks like a failure in the bytes of the protocol is one. */
export function noteChunk(note: CallNote, chunk: Buffer): void {
  if (note.call !== undefined) {
    note.responseBytes += chunk.length;
    note.isError = note.isError === true || chunk.includes('"isError":true') || chunk.includes('"error":{"code"');
  }
}

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
  if (hasServerFailed === true) {
    return 'server_failed';
  }
  if (isError === undefined) {
    return unanswered;
  }
  return isError ? 'tool_error' : undefined;
}
