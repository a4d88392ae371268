import { type Actor, audit } from '../audit/changes.ts';
import { toolOf } from '../audit/wire.ts';
import { ApiError } from '../base/errors.ts';
import { requireFuture } from '../base/instants.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import type { ApprovalSource } from '../store/approval-versions.ts';
import type { Db } from '../store/store.ts';
import * as store from '../store/tool-approvals.ts';
import type { Quotas } from '../store/usage.ts';

/** A tool, with its account; `serverId` is null for an account of an integration. */
export type ApprovedTool = Pick<ApprovalSource, 'organizationId' | 'accountId' | 'serverId' | 'toolName'>;

/**
 * The decision about a tool: whether calls run, for which definition (with its JSON, if it is known), and until when
 * (null: for ever).
 */
export type ToolDecision = Pick<store.NewToolApproval, 'approvalHash' | 'autoApprove' | 'expiresAt' | 'definition'>;

/** The maximum number of tool approvals of an account: one answer lists all of them. */
const MAX_APPROVALS = 1000;
/** The maximum size of a definition that is kept with its tool approval, in bytes of JSON. */
const MAX_DEFINITION_BYTES = 64 * 1024;

/** The author and the time of a change, and the quotas of the gateway. */
type Writing = { readonly actor: Actor; readonly at: number; readonly quotas: Quotas };

/**
 * Stores a tool approval in place of an earlier one for the same tool, and audits it. The account must exist, and be
 * one of the actor's organization. Throws `validation_failed` for an expiry that does not lie ahead, `quota_exceeded`
 * for too many tool approvals, and if the quota of the organization has no room for the definition.
 */
export async function writeToolApproval(
  db: Db,
  { actor, at, quotas }: Writing,
  tool: ApprovedTool,
  { approvalHash, autoApprove, expiresAt, definition }: ToolDecision,
): Promise<store.ToolApproval> {
  requireFuture(expiresAt, at, 1);
  const { organizationId, accountId, toolName } = tool;
  const added = { organizationId, accountId, toolName, approvalHash, autoApprove, createdAt: at, expiresAt };
  const kept = definition !== null && Buffer.byteLength(definition) <= MAX_DEFINITION_BYTES ? definition : null;
  const before = await store.count(db, added);
  await withinQuotas(db, quotas, organizationId, ['tool_bytes'], () =>
    store.upsert(db, { ...added, definition: kept }),
  );
  // A replacement is allowed even beyond the maximum.
  if (before >= MAX_APPROVALS && (await store.count(db, added)) > before) {
    throw tooMany(before, tool);
  }
  const details = { auto_approve: autoApprove, approval_hash: approvalHash, expires_at: expiresAt };
  await audit(db, { at, actor, action: 'tool_approval.added', target: toolOf(tool), details });
  return added;
}

/** Deletes a tool approval, and audits it. Returns false if there is none. */
export async function removeToolApproval(
  db: Db,
  { actor, at }: Omit<Writing, 'quotas'>,
  tool: ApprovedTool,
): Promise<boolean> {
  const isRemoved = await store.remove(db, tool, tool.toolName);
  if (isRemoved) {
    await audit(db, { at, actor, action: 'tool_approval.revoked', target: toolOf(tool) });
  }
  return isRemoved;
}

const tooMany = (count: number, { serverId }: ApprovedTool): ApiError =>
  new ApiError(
    'quota_exceeded',
    `This ${serverId === null ? 'account' : 'server'} has ${count} tool approvals, which is as many as ${serverId === null ? 'an account' : 'a server'} may have. Revoke one that is not needed or has expired, and try again.`,
  );
