import { approvalRequestId } from '../audit/wire.ts';
import type { ServersCaller } from '../base/caller.ts';
import { type ApiError, conflict, notFound } from '../base/errors.ts';
import { formatInstant } from '../base/instants.ts';
import type { ApprovalAnswer } from '../contract/closed-words.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import type { Db } from '../store/store.ts';
import { timeOf } from '../store/time.ts';
import type { Quotas } from '../store/usage.ts';
import type { ApprovalDeps } from './admission.ts';
import type { DecidedRequest } from './approval-facts.ts';
import { endRequest } from './end-request.ts';
import { decisionVersionOf } from './exact-call.ts';
import { recordEvent } from './record-event.ts';
import { rememberTool } from './remember-tool.ts';

/** The decision of a person, with the hashes of the call that the person saw. */
export type DecisionFields = {
  readonly decision: ApprovalAnswer;
  readonly argumentsDigest: string;
  readonly definitionHash: string;
  readonly reason: string | null;
  /** Whether all calls of the tool may run from now on, and until when: milliseconds since the epoch, null for ever. */
  readonly remember: { readonly until: number | null } | null;
};

/** What a decision needs besides: it may keep the definition of a tool. */
type DecisionDeps = ApprovalDeps & { readonly quotas: Quotas };

/** Milliseconds for which an approval can be used, and for which a denial answers the same call. */
export const DECISION_VALID_MS = 600_000;

/**
 * Decides about one exact call. It is approved once as many different approvers have approved it as it needs; one denial
 * denies it. An approval may also approve the tool for all calls, in the same transaction. Throws `not_found`; `conflict` if
 * the request does not wait (any more), if the caller has decided about it, or saw another call; then nothing is decided,
 * but a request that has expired or is outdated is stored as such.
 */
export async function decideApprovalRequest(
  deps: DecisionDeps,
  caller: ServersCaller,
  id: string,
  fields: DecisionFields,
): Promise<DecidedRequest> {
  const { organizationId } = caller;
  const result = await deps.store.writeFor(organizationId, (db) => decideIn(db, deps, caller, id, fields));
  if (result.refusal !== null) {
    throw result.refusal;
  }
  const { usableUntil } = result.request;
  if (usableUntil !== null) {
    deps.approvalWaits.expectExpiry(usableUntil, DECISION_VALID_MS);
  }
  return { ...result.request, decisions: result.decisions };
}

type Result = {
  readonly request: requests.ApprovalRequest;
  readonly decisions: decisions.ApprovalDecision[];
  readonly refusal: ApiError | null;
};

async function decideIn(
  db: Db,
  { quotas }: DecisionDeps,
  caller: ServersCaller,
  id: string,
  fields: DecisionFields,
): Promise<Result> {
  const at = await timeOf(db);
  const { organizationId } = caller;
  const request = await requests.find(db, organizationId, id, at);
  if (request === null) {
    throw noSuchRequest(id, organizationId);
  }
  const before = await decisions.list(db, [id]);
  if (request.status !== 'pending') {
    if (request.status === 'expired') {
      await endRequest(db, request, 'expired', at);
    }
    return { request, decisions: before, refusal: conflict(truthAbout({ ...request, decisions: before })) };
  }
  requireSeen(request, fields);
  const { kind, id: approver, person: { name } = caller } = caller;
  const approvals = before.filter(({ decision }) => decision === 'approve');
  if (before.some(({ by }) => by.kind === kind && by.id === approver)) {
    throw conflict(
      `You (${name}) have approved this request already, and nothing was decided now. ${countOf(request, approvals.length)}; another person must decide, with credentials of their own.`,
    );
  }
  const source = { ...request, endpointId: request.endpoint.id };
  const rule = { policy: request.approvalPolicy, requiredApprovals: request.requiredApprovals };
  if ((await decisionVersionOf(db, source, rule, at)) !== request.decisionVersion) {
    await endRequest(db, request, 'outdated', at);
    const outdated = { ...request, status: 'outdated' } as const;
    return { request: outdated, decisions: before, refusal: conflict(truthAbout({ ...outdated, decisions: before })) };
  }
  const decision = {
    requestId: id,
    by: { kind, id: approver, name },
    decision: fields.decision,
    reason: fields.reason,
    at,
  };
  const isApproved = fields.decision === 'approve';
  const status = isApproved ? 'approved' : 'denied';
  const isLast = !isApproved || approvals.length + 1 >= request.requiredApprovals;
  const ending = { status, decidedAt: at, usableUntil: at + DECISION_VALID_MS } as const;
  if (isLast) {
    await states.decide(db, id, status, { at, usableUntil: ending.usableUntil });
  }
  await decisions.insert(db, decision);
  await recordEvent(db, `approval.${status}`, caller, request, at);
  if (fields.remember !== null) {
    await rememberTool(db, request, { caller, at, quotas }, fields.remember.until);
  }
  return { request: { ...request, ...(isLast && ending) }, decisions: [...before, decision], refusal: null };
}

/** Throws `conflict` if a person saw another call than the one that would be decided. */
function requireSeen(request: requests.ApprovalRequest, seen: DecisionFields): void {
  const other =
    seen.argumentsDigest !== request.argumentsDigest
      ? 'arguments_digest'
      : seen.definitionHash !== request.definitionHash
        ? 'definition_hash'
        : null;
  if (other !== null) {
    throw conflict(
      `The ${other} that you sent is not that of this approval request, so nothing was decided. Read the request again, and decide about what it shows.`,
    );
  }
}

/** The error for an unknown request, and for one of another organization. */
export const noSuchRequest = (id: string, organizationId: string): ApiError =>
  notFound(
    'Approval request',
    `Approval request '${approvalRequestId(id)}' does not exist in organization '${organizationId}'`,
  );

/** Says how many of the approvals that a request needs are there. */
const countOf = ({ requiredApprovals }: requests.ApprovalRequest, count: number): string =>
  `${count} of ${requiredApprovals} approvals are there`;

/** Says why a request cannot be decided. */
function truthAbout(request: DecidedRequest): string {
  const { status, expiresAt, usableUntil, usedAt, requiredApprovals } = request;
  const { length: count } = request.decisions.filter(({ decision }) => decision === 'approve');
  const last =
    status === 'denied' ? request.decisions.filter(({ decision }) => decision === 'deny') : request.decisions;
  const by = last.map(({ by, at }) => `${by.name} at ${formatInstant(at)}`).join(', ');
  switch (status) {
    case 'approved':
      return `This approval request was approved by ${by}, and nothing was decided now. Its call may run until ${formatInstant(usableUntil ?? expiresAt)}.`;
    case 'used':
      return `This approval request was approved by ${by}, and its call was sent at ${formatInstant(usedAt ?? expiresAt)}. Nothing was decided now.`;
    case 'denied':
      return `This approval request was denied by ${by}, and nothing was decided now.`;
    case 'outdated':
      return 'Something has changed that this approval request depends on, such as the definition of the tool, the policy, the scope or the server, so nothing was decided. Let the client call again.';
    default:
      return usableUntil === null
        ? `This approval request has expired at ${formatInstant(expiresAt)}, and nothing was decided.${requiredApprovals > 1 ? ` ${countOf(request, count)}.` : ''} Let the client call again.`
        : `This approval request was approved by ${by}, but nobody used it until ${formatInstant(usableUntil)}. Nothing was decided now. Let the client call again.`;
  }
}
