import { notFound } from '../base/errors.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { addToolApproval, listToolApprovals, removeToolApproval } from './tool-approvals.ts';
import { keyPairOf, serverUuid, successEnvelope, toToolApproval, withNotFound } from './wire.ts';

type ToolApprovalOperations = 'listToolApprovals' | 'addToolApproval' | 'removeToolApproval';

/** Creates the handlers of tool approvals (Servers API). */
export const toolApprovalHandlers = (deps: Deps): Handlers<ToolApprovalOperations> =>
  withNotFound({
    listToolApprovals: async ({ params, caller }, respond) => {
      const approvals = await listToolApprovals(deps, keyPairOf(caller), serverUuid(params.mcpServerId));
      const at = deps.now();
      const shown = approvals.map((approval) => toToolApproval(approval, at));
      return respond(200, successEnvelope('Tool approvals retrieved successfully', shown));
    },

    addToolApproval: async ({ params, body, caller, memory }, respond) => {
      using reading = memory.hold('answers', 0);
      const room = (bytes: number) => reading.waitToResize(bytes, memory.signal);
      const tool = { serverId: serverUuid(params.mcpServerId), toolName: body.tool_name };
      const { approval_hash: approvalHash, auto_approve: autoApprove, expires_at: expiresAt = null } = body;
      const decision = { approvalHash, autoApprove, expiresAt };
      const approval = await addToolApproval(deps, keyPairOf(caller), tool, decision, room);
      const shown = toToolApproval(approval, approval.createdAt);
      return respond(201, successEnvelope('Tool approval added successfully', shown));
    },

    removeToolApproval: async ({ params, caller }, respond) => {
      const { mcpServerId, toolName } = params;
      const tool = { serverId: serverUuid(mcpServerId), toolName };
      if (!(await removeToolApproval(deps, keyPairOf(caller), tool))) {
        throw notFound('Tool approval', `Server '${mcpServerId}' has no approval of the tool '${toolName}'`);
      }
      const gone = { server_id: mcpServerId, tool_name: toolName, deleted: true } as const;
      return respond(200, successEnvelope('Tool approval revoked successfully', gone));
    },
  });
