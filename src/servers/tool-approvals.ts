import {
  removeToolApproval as remove,
  type ToolDecision,
  writeToolApproval,
} from '../approvals/write-tool-approval.ts';
import type { ServersCaller } from '../base/caller.ts';
import type { Deps } from '../deps.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Db } from '../store/store.ts';
import * as store from '../store/tool-approvals.ts';
import { findServer } from './servers.ts';

type ToolApproval = store.ToolApproval;

/** Returns the tool approvals of a server, expired ones too. Throws ServerMissing. */
export async function listToolApprovals(
  { store: { read } }: Deps,
  caller: ServersCaller,
  serverId: string,
): Promise<ToolApproval[]> {
  const { id, organizationId } = await findServer(read, caller, serverId);
  return store.list(read, { organizationId, accountId: id });
}

/**
 * Stores a tool approval in place of an earlier one for the same tool. Throws ServerMissing, `validation_failed` for an
 * expiry that does not lie ahead, `quota_exceeded`. Keeps the definition if the server has last listed the one that is
 * approved; waits for `room` for its list.
 */
export async function addToolApproval(
  deps: Deps,
  caller: ServersCaller,
  tool: ServerTool,
  decision: Omit<ToolDecision, 'definition'>,
  room: (bytes: number) => Promise<void>,
): Promise<ToolApproval> {
  const { id } = await findServer(deps.store.read, caller, tool.serverId);
  const { tools } = await catalogues.find(deps.store.read, id, room);
  const definition = definitionOf(tools ?? [], tool.toolName, decision.approvalHash);
  return deps.store.writeFor(caller.organizationId, async (db) => {
    const writing = { actor: caller, at: deps.now(), quotas: deps.quotas };
    return writeToolApproval(db, writing, await toolOf(db, caller, tool), { ...decision, definition });
  });
}

/** Returns the definition of a tool as JSON, if it is among those given and has the hash; else null. */
function definitionOf(tools: readonly catalogues.CataloguedTool[], name: string, hash: string): string | null {
  const tool = tools.find(({ definition }) => definition.name === name);
  return tool?.hash === hash ? JSON.stringify(tool.definition) : null;
}

/** Deletes a tool approval. Returns false if there is none. Throws ServerMissing. */
export async function removeToolApproval(
  { store: { writeFor }, now }: Deps,
  caller: ServersCaller,
  tool: ServerTool,
): Promise<boolean> {
  return writeFor(caller.organizationId, async (db) =>
    remove(db, { actor: caller, at: now() }, await toolOf(db, caller, tool)),
  );
}

/** A tool of a server. */
type ServerTool = { readonly serverId: string; readonly toolName: string };

/** Returns the tool of a server as one of its account. Throws ServerMissing. */
async function toolOf(db: Db, caller: ServersCaller, { serverId, toolName }: ServerTool) {
  const { id, organizationId } = await findServer(db, caller, serverId);
  return { organizationId, accountId: id, serverId: id, toolName };
}
