import {
  removeToolApproval as remove,
  type ToolDecision,
  writeToolApproval,
} from '../approvals/write-tool-approval.ts';
import type { AccountsCaller } from '../base/caller.ts';
import type { Deps } from '../deps.ts';
import { hashDefinition } from '../runtime/hash-definition.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import * as store from '../store/tool-approvals.ts';
import { readTools } from '../tools/packed.ts';
import { definitionOf } from '../tools/tool-definition.ts';
import { findAccount, findServiceAccount } from './accounts.ts';

type ToolApproval = store.ToolApproval;

/** A tool of an account. */
type AccountTool = { readonly accountId: string; readonly toolName: string };

/** Returns the tool approvals of an account, expired ones too; those of a server for its account. Throws `not_found`. */
export async function listToolApprovals(
  { store: { read } }: Deps,
  caller: AccountsCaller,
  accountId: string,
): Promise<ToolApproval[]> {
  const { id, organizationId } = await findAccount(read, caller, accountId);
  return store.list(read, { organizationId, accountId: id });
}

/**
 * Stores a tool approval of an account of an integration in place of an earlier one for the same tool. Keeps the
 * definition if it is the one that is approved; waits for `room` for the tools of the integration. Throws `not_found`,
 * ServerAccountFixed, `validation_failed` for an expiry that does not lie ahead, `quota_exceeded`.
 */
export async function addToolApproval(
  deps: Deps,
  caller: AccountsCaller,
  tool: AccountTool,
  decision: Omit<ToolDecision, 'definition'>,
  room: (bytes: number) => Promise<void>,
): Promise<ToolApproval> {
  const { integrationId } = await findServiceAccount(deps.store.read, caller, tool.accountId);
  const definition = await presentDefinition(deps.store.read, integrationId, tool.toolName, room);
  const isApproved = definition !== null && hashDefinition(definition) === decision.approvalHash;
  return deps.store.writeFor(caller.organizationId, async (db) => {
    const writing = { actor: caller, at: deps.now(), quotas: deps.quotas };
    const kept = isApproved ? JSON.stringify(definition) : null;
    return writeToolApproval(db, writing, await toolOf(db, caller, tool), { ...decision, definition: kept });
  });
}

/** Deletes a tool approval. Returns false if there is none. Throws `not_found`, ServerAccountFixed. */
export async function removeToolApproval(
  { store: { writeFor }, now }: Deps,
  caller: AccountsCaller,
  tool: AccountTool,
): Promise<boolean> {
  return writeFor(caller.organizationId, async (db) =>
    remove(db, { actor: caller, at: now() }, await toolOf(db, caller, tool)),
  );
}

async function toolOf(db: Db, caller: AccountsCaller, { accountId, toolName }: AccountTool) {
  const { id, organizationId } = await findServiceAccount(db, caller, accountId);
  return { organizationId, accountId: id, serverId: null, toolName };
}

/** Returns the present definition of a tool of an integration; null if there is no such tool. */
async function presentDefinition(
  db: Db,
  integrationId: string,
  toolName: string,
  room: (bytes: number) => Promise<void>,
): Promise<ReturnType<typeof definitionOf> | null> {
  const packed = await integrations.tools(db, integrationId);
  for await (const tool of readTools(packed, (bytes) => room(packed.length + bytes))) {
    if (tool.name === toolName) {
      return definitionOf(tool);
    }
  }
  return null;
}
