import { audit } from '../audit/changes.ts';
import { teamServerTool } from '../audit/wire.ts';
import type { KeyPairCaller } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/tool-approvals.ts';
import { findServer } from './servers.ts';

type ToolApproval = store.ToolApproval;

/** Tool approvals that a server may have: all of them are listed in one answer. */
const MAX_APPROVALS = 1000;

/** A person's standing answers for the tools of a server. Throws ServerMissing. */
export async function listToolApprovals(
  { store: { read } }: Deps,
  caller: KeyPairCaller,
  serverId: string,
): Promise<ToolApproval[]> {
  const { id } = await findServer(read, caller, serverId);
  return store.list(read, id);
}

/** Adds an answer for a tool, in place of the one that there was. Throws ServerMissing, `quota_exceeded`. */
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
    // What takes the place of another passes, also where there are more than there may be.
    if (before >= MAX_APPROVALS && (await store.count(db, id)) > before) {
      throw tooMany(before);
    }
    const target = teamServerTool(id, added.toolName);
    const details = { auto_approve: added.autoApprove, approval_hash: added.approvalHash };
    await audit(db, { at, actor: caller, action: 'tool_approval.added', target, details });
    return added;
  });
}

/** Removes the answer for a tool; false when there is none. Throws ServerMissing. */
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
