import {
  type ApprovalOutcome,
  type ApprovalPolicy,
  type ApprovalReason,
  type ApprovalStatus,
  readApprovalOutcome,
  readApprovalPolicy,
  readApprovalReason,
  readApprovalStatus,
} from '../contract/closed-words.ts';
import type { Database } from './schema.ts';

/** A call that waits for a person, or has waited. Times are milliseconds since the epoch. */
export type ApprovalRequest = {
  /** A UUID, without the wire format's prefix. */
  id: string;
  organizationId: string;
  status: ApprovalStatus;
  endpoint: { id: string; name: string };
  accountId: string;
  /** A UUID; null for an account of an integration. */
  serverId: string | null;
  /** The name of the server, or of the integration. */
  serverName: string;
  client: { name: string; version: string } | null;
  toolName: string;
  definitionHash: string;
  argumentsDigest: string;
  argumentsBytes: number;
  approvalPolicy: ApprovalPolicy;
  reason: ApprovalReason;
  /** The hash of everything else that the decision depends on. */
  decisionVersion: string;
  /** How many different approvers must approve it. */
  requiredApprovals: number;
  createdAt: number;
  expiresAt: number;
  decidedAt: number | null;
  usableUntil: number | null;
  usedAt: number | null;
  outcome: ApprovalOutcome | null;
  /** How often the client has answered questions of the server in the course of the approved call. */
  unseenRounds: number;
};

/** The statuses that can still change. */
export const LIVE: readonly ApprovalStatus[] = ['pending', 'approved'];

/** The columns of a request without its contents: those can be large. */
export const COLUMNS = [
  'id',
  'organization_id',
  'status',
  'endpoint_id',
  'endpoint_name',
  'account_id',
  'server_id',
  'server_name',
  'client_name',
  'client_version',
  'tool_name',
  'definition_hash',
  'arguments_digest',
  'arguments_bytes',
  'approval_policy',
  'reason',
  'decision_version',
  'required_approvals',
  'created_at',
  'expires_at',
  'due_at',
  'decided_at',
  'usable_until',
  'used_at',
  'outcome',
  'unseen_rounds',
] as const;

/**
 * Reads a request as it is at `now` (milliseconds since the epoch): one that is due has expired, even before that is
 * stored.
 */
export function toRequest(
  row: Pick<Database['approval_requests'], (typeof COLUMNS)[number]>,
  now: number,
): ApprovalRequest {
  const { id } = row;
  const isDue = row.due_at !== null && row.due_at <= now;
  return {
    id,
    organizationId: row.organization_id,
    status: isDue ? 'expired' : readApprovalStatus(row.status, 'approval_requests', id),
    endpoint: { id: row.endpoint_id, name: row.endpoint_name },
    accountId: row.account_id,
    serverId: row.server_id,
    serverName: row.server_name,
    client: row.client_name === null ? null : { name: row.client_name, version: row.client_version ?? '' },
    toolName: row.tool_name,
    definitionHash: row.definition_hash,
    argumentsDigest: row.arguments_digest,
    argumentsBytes: row.arguments_bytes,
    approvalPolicy: readApprovalPolicy(row.approval_policy, 'approval_requests', id),
    reason: readApprovalReason(row.reason, 'approval_requests', id),
    decisionVersion: row.decision_version,
    requiredApprovals: row.required_approvals,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    usableUntil: row.usable_until,
    usedAt: row.used_at,
    outcome: row.outcome === null ? null : readApprovalOutcome(row.outcome, 'approval_requests', id),
    unseenRounds: row.unseen_rounds,
  };
}
