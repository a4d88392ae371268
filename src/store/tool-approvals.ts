import type { AccountKey } from './endpoints.ts';
import type { Database } from './schema.ts';
import { slices } from './slices.ts';
import type { Db } from './store.ts';

/**
 * A person's decision about one tool of an account, for its definition at that time. A server is an account of its
 * organization under its own id. Times are milliseconds since the epoch.
 */
export type ToolApproval = AccountKey & {
  toolName: string;
  /** The hash of the approved or refused definition. */
  approvalHash: string;
  autoApprove: boolean;
  /** The time of the current decision. */
  createdAt: number;
  /** From this time on the decision counts as none; null means never. */
  expiresAt: number | null;
};

/** A decision, before it is stored. */
export type NewToolApproval = ToolApproval & {
  /** JSON of the definition with the hash; null if it is unknown, or too large to keep. */
  definition: string | null;
};

/** The columns without the definition. */
const COLUMNS = [
  'organization_id',
  'account_id',
  'tool_name',
  'approval_hash',
  'auto_approve',
  'created_at',
  'expires_at',
] as const;

/** Whether a decision still counts. */
export const isLive = ({ expiresAt }: Pick<ToolApproval, 'expiresAt'>, now: number): boolean =>
  (expiresAt ?? Number.POSITIVE_INFINITY) > now;

/** Stores a decision in place of any earlier one about the same tool. The account must exist. */
export async function upsert(db: Db, approval: NewToolApproval): Promise<void> {
  const decision = {
    approval_hash: approval.approvalHash,
    auto_approve: approval.autoApprove ? 1 : 0,
    created_at: approval.createdAt,
    expires_at: approval.expiresAt,
    definition: approval.definition,
  };
  const { organizationId, accountId, toolName } = approval;
  await db.sql
    .insertInto('tool_approvals')
    .values({ organization_id: organizationId, account_id: accountId, tool_name: toolName, ...decision })
    .onConflict((conflict) => conflict.columns(['organization_id', 'account_id', 'tool_name']).doUpdateSet(decision))
    .execute();
}

/** Returns the number of tools of an account with a decision. */
export async function count(db: Db, { organizationId, accountId }: AccountKey): Promise<number> {
  const { total } = await db.sql
    .selectFrom('tool_approvals')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Returns the decisions about an account's tools, expired ones too, oldest first, ties by tool name. */
export async function list(db: Db, { organizationId, accountId }: AccountKey): Promise<ToolApproval[]> {
  const rows = await db.sql
    .selectFrom('tool_approvals')
    .select(COLUMNS)
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .orderBy('created_at')
    .orderBy('tool_name')
    .execute();
  return rows.map(toToolApproval);
}

/** Returns the decision about one tool, expired or not; null if there is none. */
export async function find(db: Db, key: AccountKey, toolName: string): Promise<ToolApproval | null> {
  const row = await db.sql
    .selectFrom('tool_approvals')
    .select(COLUMNS)
    .where('organization_id', '=', key.organizationId)
    .where('account_id', '=', key.accountId)
    .where('tool_name', '=', toolName)
    .executeTakeFirst();
  return row === undefined ? null : toToolApproval(row);
}

/**
 * Returns the definition, as JSON, for which a tool has a decision that counts at `now`, if it is kept and is not the one
 * with the given hash; else null.
 */
export async function otherDefinition(
  db: Db,
  { organizationId, accountId }: AccountKey,
  toolName: string,
  { hash, now }: { readonly hash: string; readonly now: number },
): Promise<string | null> {
  const row = await db.sql
    .selectFrom('tool_approvals')
    .select('definition')
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .where('tool_name', '=', toolName)
    .where('approval_hash', '!=', hash)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .executeTakeFirst();
  return row?.definition ?? null;
}

/** Deletes every decision about an account's tools. */
export async function removeAll(db: Db, { organizationId, accountId }: AccountKey): Promise<void> {
  await db.sql
    .deleteFrom('tool_approvals')
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .execute();
}

/** Returns the accounts of an integration with decisions that let calls run. */
export async function runningOf(db: Db, organizationId: string, integrationId: string): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('tool_approvals')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.organization_id', '=', 'tool_approvals.organization_id')
        .onRef('accounts.id', '=', 'tool_approvals.account_id'),
    )
    .select('tool_approvals.account_id')
    .distinct()
    .where('tool_approvals.organization_id', '=', organizationId)
    .where('tool_approvals.auto_approve', '=', 1)
    .where('accounts.integration_id', '=', integrationId)
    .execute();
  return rows.map(({ account_id }) => account_id);
}

/** Deletes the decisions that let calls of tools of accounts run; those that hold calls back stay. Returns their number. */
export async function removeRunning(db: Db, organizationId: string, accountIds: readonly string[]): Promise<number> {
  let removed = 0n;
  for (const ids of slices(accountIds)) {
    const { numDeletedRows } = await db.sql
      .deleteFrom('tool_approvals')
      .where('account_id', 'in', ids)
      .where('organization_id', '=', organizationId)
      .where('auto_approve', '=', 1)
      .executeTakeFirstOrThrow();
    removed += numDeletedRows;
  }
  return Number(removed);
}

/** Deletes a decision. Returns false if there is none for that tool. */
export async function remove(db: Db, { organizationId, accountId }: AccountKey, toolName: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('tool_approvals')
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .where('tool_name', '=', toolName)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

function toToolApproval(row: Pick<Database['tool_approvals'], (typeof COLUMNS)[number]>): ToolApproval {
  return {
    organizationId: row.organization_id,
    accountId: row.account_id,
    toolName: row.tool_name,
    approvalHash: row.approval_hash,
    autoApprove: row.auto_approve === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
