import { hash } from 'node:crypto';
import { cutArguments } from '../audit/call-events.ts';
import type { CallAudit } from '../audit/calls.ts';
import { NotSent } from '../base/not-sent.ts';
import * as requests from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import { timeOf } from '../store/time.ts';
import { type Admission, type ApprovalDeps, approved } from './admission.ts';
import { callHashOf, decisionVersionOf, type ExactCall, sourceOf } from './exact-call.ts';
import { auditAnswers } from './record-event.ts';

/** What a client answers to a question that the server has asked in the course of an approved call. */
export type AnsweredRound = {
  /** The UUID of the request whose approval the call has used. */
  readonly requestId: string;
  /** The number of the round, from 1. */
  readonly round: number;
  readonly answers: unknown;
  /** When the round is too old to be answered, as `timeOf` counts. */
  readonly until: number;
  /** Whether this very sending has used the round already, and is decided again. */
  readonly isOwn: boolean;
};

/**
 * Asks whether the answers of a client may be sent now, in one transaction. The round is used then, before anything is
 * sent; a client that is gone uses none. It returns the call as it was approved; `late` if the round is too old, `answered`
 * if it was used before, `changed` if anything has changed that the approval is bound to. Throws NotSent if the endpoint or
 * its source is gone, and the reason of the signal.
 */
export function answerRound(
  { store, callAudit }: Pick<ApprovalDeps, 'store'> & { readonly callAudit: Pick<CallAudit, 'withArguments'> },
  call: ExactCall,
  { requestId, round, answers, until, isOwn }: AnsweredRound,
  signal: AbortSignal,
): Promise<Extract<Admission, { kind: 'approved' }> | 'late' | 'answered' | 'changed'> {
  const { organizationId, definitionHash } = call;
  const { digest } = call.written;
  const audited = { round, ...auditedAnswers(answers, callAudit.withArguments) };
  return store.writeFor(organizationId, async (db) => {
    const at = await timeOf(db);
    const decisionVersion = await decisionVersionOf(db, sourceOf(call), call, at);
    if (decisionVersion === null) {
      throw new NotSent();
    }
    const callHash = callHashOf(call, digest);
    const binding = { callHash, definitionHash, argumentsDigest: digest, decisionVersion };
    const from = isOwn ? round : round - 1;
    if (at >= until) {
      return 'late';
    }
    signal.throwIfAborted();
    const isUsed = await states.useRound(db, requestId, binding, { from, to: round });
    const request = await requests.find(db, organizationId, requestId, at);
    if (!isUsed || request === null) {
      return (request?.unseenRounds ?? 0) > from ? 'answered' : 'changed';
    }
    if (!isOwn) {
      await auditAnswers(db, request, audited, at);
    }
    return approved(db, request);
  });
}

/** What the audit log says of answers: their text only where the operator has that of arguments recorded. */
function auditedAnswers(answers: unknown, withText: boolean): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(answers ?? {});
  const facts = { answers_bytes: Buffer.byteLength(text), answers_digest: hash('sha256', text, 'hex') };
  if (!withText) {
    return facts;
  }
  const kept = cutArguments(answers);
  return { ...facts, answers: kept.text, ...(!kept.isWhole && { answers_cut: true }) };
}
