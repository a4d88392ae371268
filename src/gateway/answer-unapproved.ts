import type { NotApproved } from '../approvals/admission.ts';
import type { Deps } from '../deps.ts';
import type { EndpointRequest } from './call.ts';
import { elicitationError, elicitationRequest, hasDeclined, inputRequired, MAX_ROUNDS } from './elicitation.ts';
import { eraOf } from './eras.ts';
import { type HoldableAnswer, holdCall } from './hold-call.ts';
import type { Message } from './message.ts';
import { AnswerFailed, type Outcome } from './outcome.ts';
import { sendResult } from './reply.ts';
import type { Unapproved } from './require-approval.ts';
import { completeResult, type Result } from './results.ts';
import type { WaitingRound } from './rounds.ts';
import { unapprovedResult } from './unapproved-result.ts';

/** Where the answer to a message goes, until when its client may be held, and the round that it comes with, if any. */
export type Holding = {
  readonly place: HoldableAnswer;
  /** Milliseconds of `performance.now()`. */
  readonly until: number;
  readonly round: WaitingRound | null;
};

/**
 * Answers the client of a call that no person has approved, in the first of these ways that it can take part in: a result
 * upon which it asks its person to open a page and calls again; a request on the stream of the call for the same, while
 * it is held; an error for the same, where it reads no stream; or holding it alone. Returns null for a call that is to be
 * decided again, because a person has approved it. Throws an AnswerFailed.
 */
export async function answerUnapproved(
  deps: Deps,
  asked: EndpointRequest,
  message: Message,
  { admission, call, elicits, digest }: Unapproved,
  { place, until, round }: Holding,
): Promise<Outcome> {
  const held = { ...call, requestId: null };
  const send = (result: Result, verdict: 'waits' | 'denied'): Outcome => {
    const responseBytes = sendResult(asked.request, place.response, message.id, result);
    return { call: { ...held, verdict }, isError: true, responseBytes };
  };
  const sendRound = ({ request }: NotApproved, isFirst: boolean): Outcome => {
    const { id: requestId } = request;
    const next = { kind: 'waits', tool: call.tool, digest, requestId, count: (round?.count ?? 0) + 1 } as const;
    return send(inputRequired(deps.store.read.secrets, deps.publicUrl, request, next, isFirst), 'waits');
  };
  const sendEnd = (waiting: NotApproved): Outcome => {
    const result = unapprovedResult(deps.publicUrl, waiting);
    const inEra = eraOf(message, asked.request.headers) === 'stateless' ? completeResult(result) : result;
    return send(inEra, waiting.request.status === 'denied' ? 'denied' : 'waits');
  };

  const hasRounds = elicits === 'by result' && (round?.count ?? 0) < MAX_ROUNDS;
  if (round !== null && hasDeclined(message)) {
    return sendEnd(admission);
  }
  if (hasRounds && admission.kind === 'waits' && round?.requestId !== admission.request.id) {
    return sendRound(admission, true);
  }
  if (elicits === 'on the stream' && admission.kind === 'waits' && !place.canStream) {
    throw new AnswerFailed(elicitationError(deps.publicUrl, admission.request), { call: held });
  }
  const elicitation = elicits === 'on the stream' ? elicitationRequest(deps.publicUrl, admission.request) : null;
  const settled = await holdCall(deps, asked, admission, { answer: place, message, until, elicitation }).catch(
    (error: unknown) => {
      throw new AnswerFailed(error, { call: held });
    },
  );
  if (settled === null) {
    return null;
  }
  return hasRounds && settled.kind === 'waits' ? sendRound(settled, false) : sendEnd(settled);
}
