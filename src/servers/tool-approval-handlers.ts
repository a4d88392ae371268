import { notFound } from '../base/errors.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import type { ToolApproval } from '../store/tool-approvals.ts';
import { addToolApproval, listToolApprovals, removeToolApproval } from './tool-approvals.ts';
import { keyPairOf, serverId, serverUuid, successEnvelope, withNotFound } from './wire.ts';

type ToolApprovalOperations = 'listToolApprovals' | 'addToolApproval' | 'removeToolApproval';

/** Creates the handlers of tool approvals (Servers API). */
export const toolApprovalHandlers = (deps: Deps): Handlers<ToolApprovalOperations> =>
  withNotFound({
    listToolApprovals: async ({ params, caller }, respond) => {
      const approvals = await listToolApprovals(deps, keyPairOf(caller), serverUuid(params.mcpServerId));
      return respond(200, successEnvelope('Tool approvals retrieved successfully', approvals.map(toWire)));
    },

    addToolApproval: async ({ params, body, caller }, respond) => {
      const approval = await addToolApproval(deps, keyPairOf(caller), {
        serverId: serverUuid(params.mcpServerId),
        toolName: body.tool_name,
        approvalHash: body.approval_hash,
        autoApprove: body.auto_approve,
      });
      return respond(201, successEnvelope('Tool approval added successfully', toWire(approval)));
    },

    removeToolApproval: async ({ params, caller }, respond) => {
      const { mcpServerId, toolName } = params;
      if (!(await removeToolApproval(deps, keyPairOf(caller), serverUuid(mcpServerId), toolName))) {
        throw notFound('Tool approval', `Server '${mcpServerId}' has no approval of the tool '${toolName}'`);
      }
      const gone = { server_id: mcpServerId, tool_name: toolName, deleted: true } as const;
      return respond(200, successEnvelope('Tool approval revoked successfully', gone));
    },
  });

const toWire = (approval: ToolApproval) => ({
  server_id: serverId(approval.serverId),
  tool_name: approval.toolName,
  approval_hash: approval.approvalHash,
  auto_approve: approval.autoApprove,
  created_at: approval.createdAt,
});
