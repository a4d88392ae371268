import { type Action, type Actor, audit, auditedName } from '../audit/changes.ts';
import { approvalRequest } from '../audit/wire.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';
import type { Db } from '../store/store.ts';

type ApprovalAction = Extract<Action, `approval.${string}`>;

/** Audits what happens to a request, in the transaction that does it. The arguments are not in the log. */
export const auditRequest = (
  db: Db,
  action: ApprovalAction,
  actor: Actor,
  request: Pick<
    ApprovalRequest,
    'id' | 'organizationId' | 'endpoint' | 'accountId' | 'toolName' | 'definitionHash' | 'argumentsDigest'
  >,
  at: number,
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
    },
  });
