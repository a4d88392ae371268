import type { components } from '../../generated/api.ts';
import { notFound } from '../base/errors.ts';
import { formatInstant, parseOptionalInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { isLive, type ToolApproval } from '../store/tool-approvals.ts';
import { readOnlyHere } from './account-handlers.ts';
import { addToolApproval, listToolApprovals, removeToolApproval } from './tool-approvals.ts';
import { apiTokenOf } from './wire.ts';

type ToolApprovalOperations = 'listAccountToolApprovals' | 'addAccountToolApproval' | 'removeAccountToolApproval';

/** Creates the handlers of tool approvals of accounts (Accounts API). */
export const accountToolApprovalHandlers = (deps: Deps): Handlers<ToolApprovalOperations> => ({
  listAccountToolApprovals: async ({ params, caller }, respond) => {
    const approvals = await listToolApprovals(deps, apiTokenOf(caller), params.id);
    const at = deps.now();
    return respond(200, { result: approvals.map((approval) => toWire(approval, at)) });
  },

  addAccountToolApproval: async ({ params, body, caller, memory }, respond) => {
    using reading = memory.hold('answers', 0);
    const room = (bytes: number) => reading.waitToResize(bytes, memory.signal);
    const tool = { accountId: params.id, toolName: body.tool_name };
    const decision = {
      approvalHash: body.approval_hash,
      autoApprove: body.auto_approve,
      expiresAt: parseOptionalInstant(body.expires_at, 'body.expires_at'),
    };
    const added = await addToolApproval(deps, apiTokenOf(caller), tool, decision, room).catch(readOnlyHere);
    return respond(201, toWire(added, added.createdAt));
  },

  removeAccountToolApproval: async ({ params, caller }, respond) => {
    const { id, tool_name } = params;
    const tool = { accountId: id, toolName: tool_name };
    if (!(await removeToolApproval(deps, apiTokenOf(caller), tool).catch(readOnlyHere))) {
      throw notFound('tool approval', `The integrated account ${id} has no approval of the tool '${tool_name}'.`);
    }
    return respond(200, { integrated_account_id: id, tool_name, deleted: true });
  },
});

/** Writes a tool approval as it is at `now`, in milliseconds since the epoch. */
const toWire = (approval: ToolApproval, now: number): components['schemas']['AccountToolApproval'] => ({
  integrated_account_id: approval.accountId,
  tool_name: approval.toolName,
  approval_hash: approval.approvalHash,
  auto_approve: approval.autoApprove,
  created_at: formatInstant(approval.createdAt),
  expires_at: approval.expiresAt === null ? null : formatInstant(approval.expiresAt),
  expired: !isLive(approval, now),
});
