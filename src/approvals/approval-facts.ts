import type { components } from '../../generated/api.ts';
import { approvalRequestId, teamServer } from '../audit/wire.ts';
import type { ApprovalDecision } from '../store/approval-decisions.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';

/** A request with the decisions about it. */
export type DecidedRequest = ApprovalRequest & { readonly decisions: readonly ApprovalDecision[] };

/** An approval request as events tell it; what depends on the webhook is added when the event is sent. */
export type ApprovalFacts = Omit<components['schemas']['ApprovalEventData'], 'url' | 'arguments'>;

/** Writes what answers and events say alike of an approval request, in the order of the document. */
export const approvalFacts = (request: DecidedRequest): ApprovalFacts => ({
  id: approvalRequestId(request.id),
  organization_id: request.organizationId,
  status: request.status,
  account_id: request.accountId,
  server_id: request.serverId === null ? null : teamServer(request.serverId).id,
  server_name: request.serverName,
  endpoint: request.endpoint,
  client: request.client,
  tool_name: request.toolName,
  definition_hash: request.definitionHash,
  arguments_digest: request.argumentsDigest,
  arguments_bytes: request.argumentsBytes,
  approval_policy: request.approvalPolicy,
  reason: request.reason,
  decision_version: request.decisionVersion,
  required_approvals: request.requiredApprovals,
  decisions: request.decisions.map(({ decision, by, reason, at }) => ({ decision, by, reason, at })),
  created_at: request.createdAt,
  expires_at: request.expiresAt,
  decided_at: request.decidedAt,
  usable_until: request.usableUntil,
  used_at: request.usedAt,
  outcome: request.outcome,
});
