import { audit, auditedName } from '../audit/changes.ts';
import { ApiError, notFound } from '../base/errors.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/tool-approvals.ts';
import { findServer } from './servers.ts';
import { keyPairOf, serverId, success } from './wire.ts';

type ToolApprovalOperations = 'listToolApprovals' | 'addToolApproval' | 'removeToolApproval';

/** Tool approvals that a server may have: all of them are listed in one answer. */
const MOST_APPROVALS = 1000;

/** Servers API: a person's standing answers for single tools. */
export const toolApprovalHandlers = (deps: Deps): Handlers<ToolApprovalOperations> => ({
  listToolApprovals: async ({ params, caller }, respond) => {
    const server = await findServer(deps.store.read, keyPairOf(caller), params.mcpServerId);
    const approvals = await store.list(deps.store.read, server.id);
    return respond(200, success('Tool approvals retrieved successfully', approvals.map(toWire)));
  },

  addToolApproval: async ({ params, body, caller }, respond) => {
    const actor = keyPairOf(caller);
    const at = deps.now();
    const approval = await deps.store.writeFor(actor.organizationId, async (db) => {
      const { id: serverUuid } = await findServer(db, actor, params.mcpServerId);
      const added = {
        serverId: serverUuid,
        toolName: body.tool_name,
        approvalHash: body.approval_hash,
        autoApprove: body.auto_approve,
        createdAt: at,
      };
      const before = await store.count(db, serverUuid);
      await store.upsert(db, added);
      // What takes the place of another passes, also where there are more than there may be.
      if (before >= MOST_APPROVALS && (await store.count(db, serverUuid)) > before) {
        throw tooMany(before);
      }
      const target = { kind: 'tool', id: `${params.mcpServerId}/${auditedName(added.toolName)}` } as const;
      const details = { auto_approve: added.autoApprove, approval_hash: added.approvalHash };
      await audit(db, { at, actor, action: 'tool_approval.added', target, details });
      return added;
    });
    return respond(201, success('Tool approval added successfully', toWire(approval)));
  },

  removeToolApproval: async ({ params, caller }, respond) => {
    const actor = keyPairOf(caller);
    const { mcpServerId, toolName } = params;
    await deps.store.writeFor(actor.organizationId, async (db) => {
      const { id: serverUuid } = await findServer(db, actor, mcpServerId);
      if (!(await store.remove(db, serverUuid, toolName))) {
        throw notFound('Tool approval', `Server '${mcpServerId}' has no approval of the tool '${toolName}'`);
      }
      const target = { kind: 'tool', id: `${mcpServerId}/${auditedName(toolName)}` } as const;
      await audit(db, { at: deps.now(), actor, action: 'tool_approval.revoked', target });
    });
    const gone = { server_id: mcpServerId, tool_name: toolName, deleted: true } as const;
    return respond(200, success('Tool approval revoked successfully', gone));
  },
});

const tooMany = (count: number): ApiError =>
  new ApiError(
    'quota_exceeded',
    `This server has ${count} tool approvals, which is as many as a server may have. Revoke one that is not needed, and try again.`,
  );

const toWire = (approval: store.ToolApproval) => ({
  server_id: serverId(approval.serverId),
  tool_name: approval.toolName,
  approval_hash: approval.approvalHash,
  auto_approve: approval.autoApprove,
  created_at: approval.createdAt,
});
