import { audit } from '../audit/changes.ts';
import { teamServerTool } from '../audit/wire.ts';
import type { KeyPairCaller } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/tool-approvals.ts';
import { findServer } from './servers.ts';

type ToolApproval = store.ToolApproval;

/** The maximum number of tool approvals of a server: one answer lists all of them. */
const MAX_APPROVALS = 1000;

/** Returns the tool approvals of a server. Throws ServerMissing. */
export async function listToolApprovals(
  { store: { read } }: Deps,
  caller: KeyPairCaller,
  serverId: string,
): Promise<ToolApproval[]> {
  const { id } = await findServer(read, caller, serverId);
  return store.list(read, id);
}

/** Stores a tool approval in place of an earlier one for the same tool. Throws ServerMissing, `quota_exceeded`. */
export async function addToolApproval(
  deps: Deps,
  caller: KeyPairCaller,
  fields: Omit<ToolApproval, 'createdAt'>,
): Promise<ToolApproval> {
  const at = deps.now();
  return deps.store.writeFor(caller.organizationId, async (db) => {
    const { id } = await findServer(db, caller, fields.serverId);
    const added = { ...fields, createdAt: at };
    const before = await store.count(db, id);
    await store.upsert(db, added);
    // A replacement is allowed even beyond the maximum.
    if (before >= MAX_APPROVALS && (await store.count(db, id)) > before) {
      throw tooMany(before);
    }
    const target = teamServerTool(id, added.toolName);
    const details = { auto_approve: added.autoApprove, approval_hash: added.approvalHash };
    await audit(db, { at, actor: caller, action: 'tool_approval.added', target, details });
    return added;
  });
}

/** Deletes a tool approval. Returns false if there is none. Throws ServerMissing. */
export async function removeToolApproval(
  { store: { writeFor }, now }: Deps,
  caller: KeyPairCaller,
  serverId: string,
  toolName: string,
): Promise<boolean> {
  return writeFor(caller.organizationId, async (db) => {
    const { id } = await findServer(db, caller, serverId);
    const isRemoved = await store.remove(db, id, toolName);
    if (isRemoved) {
      const target = teamServerTool(id, toolName);
      await audit(db, { at: now(), actor: caller, action: 'tool_approval.revoked', target });
    }
    return isRemoved;
  });
}

const tooMany = (count: number): ApiError =>
  new ApiError(
    'quota_exceeded',
    `This server has ${count} tool approvals, which is as many as a server may have. Revoke one that is not needed, and try again.`,
  );
