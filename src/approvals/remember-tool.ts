import type { ServersCaller } from '../base/caller.ts';
import { conflict, invalidValue } from '../base/errors.ts';
import { formatInstant } from '../base/instants.ts';
import * as requests from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import type { Db } from '../store/store.ts';
import type { Quotas } from '../store/usage.ts';
import { decisionVersionOf } from './exact-call.ts';
import { writeToolApproval } from './write-tool-approval.ts';

/** The maximum length of the name of a tool with a tool approval, in characters. */
const MAX_NAME_CHARS = 256;

/**
 * Approves the tool of a request that was just approved, for exactly the definition that the approver saw, until a time
 * (milliseconds since the epoch; null means for ever). The approval of the request itself stays valid: what else it is bound to
 * has not changed. Throws `validation_failed` for a time that does not lie ahead, `conflict` for a request that needs
 * several approvers or a tool without a proper name, and `quota_exceeded`.
 */
export async function rememberTool(
  db: Db,
  request: requests.ApprovalRequest,
  { caller, at, quotas }: { readonly caller: ServersCaller; readonly at: number; readonly quotas: Quotas },
  until: number | null,
): Promise<void> {
  if (until !== null && until <= at) {
    throw invalidValue(['rememberUntil'], `must lie ahead of ${formatInstant(at)}`, 'past');
  }
  const { id, organizationId, toolName, requiredApprovals } = request;
  if (requiredApprovals > 1) {
    throw conflict(
      `This request needs ${requiredApprovals} approvals, and nothing was decided: one person cannot approve all calls of its tool by the way. Decide without remember, or add a tool approval.`,
    );
  }
  if (toolName === '' || toolName === '.' || toolName === '..' || toolName.length > MAX_NAME_CHARS) {
    throw conflict(
      'A tool with this name cannot have a tool approval, and nothing was decided. Decide without remember.',
    );
  }
  const contents = await requests.contents(db, organizationId, id);
  await writeToolApproval(db, { actor: caller, at, quotas }, request, {
    approvalHash: request.definitionHash,
    autoApprove: true,
    expiresAt: until,
    definition: contents?.definition ?? null,
  });
  const source = { ...request, endpointId: request.endpoint.id };
  const version = await decisionVersionOf(db, source, { policy: request.approvalPolicy, requiredApprovals }, at);
  if (version !== null) {
    await states.rebind(db, id, version);
  }
}
