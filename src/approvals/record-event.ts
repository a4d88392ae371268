import { type Action, type Actor, audit, auditedName } from '../audit/changes.ts';
import { approvalRequest } from '../audit/wire.ts';
import type { WebhookEvent } from '../contract/closed-words.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';
import type { Db } from '../store/store.ts';
import { tellRequest } from './tell-request.ts';

type ApprovalAction = Exclude<Extract<Action, `approval.${string}`>, 'approval.answered'>;

/** The events that streams and webhooks are told. */
const EVENTS: Readonly<Record<ApprovalAction, WebhookEvent>> = {
  'approval.requested': 'approval.requested',
  'approval.approved': 'approval.decided',
  'approval.denied': 'approval.decided',
  'approval.used': 'approval.used',
  'approval.expired': 'approval.expired',
  'approval.outdated': 'approval.outdated',
};

/** What an event says of its request. */
type Audited = Pick<
  ApprovalRequest,
  | 'id'
  | 'organizationId'
  | 'endpoint'
  | 'accountId'
  | 'toolName'
  | 'definitionHash'
  | 'argumentsDigest'
  | 'approvalPolicy'
  | 'reason'
>;

/**
 * Audits what happens to a request and tells streams and webhooks of it, in the transaction that does it, after it is stored. The
 * arguments are not in the log.
 */
export const recordEvent = async (
  db: Db,
  action: ApprovalAction,
  actor: Actor,
  request: Audited,
  at: number,
): Promise<void> => {
  await auditOnly(db, action, actor, request, { at });
  await tellRequest(db, EVENTS[action], request, at);
};

/** Audits that the client of a request has answered what the server asked it in the course of the approved call. */
export const auditAnswers = (
  db: Db,
  request: Audited,
  answers: Readonly<Record<string, unknown>>,
  at: number,
): Promise<void> =>
  auditOnly(db, 'approval.answered', { kind: 'endpoint', ...request.endpoint }, request, { at, answers });

const auditOnly = (
  db: Db,
  action: Action,
  actor: Actor,
  request: Audited,
  { at, answers }: { readonly at: number; readonly answers?: Readonly<Record<string, unknown>> },
): Promise<void> =>
  audit(db, {
    at,
    actor,
    organizationId: request.organizationId,
    action,
    target: approvalRequest(request.id),
    details: {
      endpoint: request.endpoint.id,
      account: request.accountId,
      tool: auditedName(request.toolName),
      definition_hash: request.definitionHash,
      arguments_digest: request.argumentsDigest,
      approval_policy: request.approvalPolicy,
      reason: request.reason,
      ...answers,
    },
  });
