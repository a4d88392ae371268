import {
  removeToolApproval as remove,
  type ToolDecision,
  writeToolApproval,
} from '../approvals/write-tool-approval.ts';
import type { KeyPairCaller } from '../base/caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../store/store.ts';
import * as store from '../store/tool-approvals.ts';
import { findServer } from './servers.ts';

type ToolApproval = store.ToolApproval;

/** Returns the tool approvals of a server, expired ones too. Throws ServerMissing. */
export async function listToolApprovals(
  { store: { read } }: Deps,
  caller: KeyPairCaller,
  serverId: string,
): Promise<ToolApproval[]> {
  const { id, organizationId } = await findServer(read, caller, serverId);
  return store.list(read, { organizationId, accountId: id });
}

/**
 * Stores a tool approval in place of an earlier one for the same tool. Throws ServerMissing, `validation_failed` for an
 * expiry that does not lie ahead, `quota_exceeded`.
 */
export async function addToolApproval(
  deps: Deps,
  caller: KeyPairCaller,
  { serverId, toolName }: ServerTool,
  decision: ToolDecision,
): Promise<ToolApproval> {
  const at = deps.now();
  return deps.store.writeFor(caller.organizationId, async (db) =>
    writeToolApproval(db, caller, await toolOf(db, caller, { serverId, toolName }), decision, at),
  );
}

/** Deletes a tool approval. Returns false if there is none. Throws ServerMissing. */
export async function removeToolApproval(
  { store: { writeFor }, now }: Deps,
  caller: KeyPairCaller,
  tool: ServerTool,
): Promise<boolean> {
  return writeFor(caller.organizationId, async (db) => remove(db, caller, await toolOf(db, caller, tool), now()));
}

/** A tool of a server. */
type ServerTool = { readonly serverId: string; readonly toolName: string };

/** Returns the tool of a server as one of its account. Throws ServerMissing. */
async function toolOf(db: Db, caller: KeyPairCaller, { serverId, toolName }: ServerTool) {
  const { id, organizationId } = await findServer(db, caller, serverId);
  return { organizationId, accountId: id, serverId: id, toolName };
}
