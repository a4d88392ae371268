import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** A person's decision about one tool of a server, for its definition at that time. */
export type ToolApproval = {
  serverId: string;
  toolName: string;
  /** The hash of the approved or refused definition. */
  approvalHash: string;
  autoApprove: boolean;
  /** The time of the current decision, in milliseconds since the epoch. */
  createdAt: number;
};

/** Stores a decision in place of any earlier one about the same tool. The server must exist. */
export async function upsert(db: Db, approval: ToolApproval): Promise<void> {
  const decision = {
    approval_hash: approval.approvalHash,
    auto_approve: approval.autoApprove ? 1 : 0,
    created_at: approval.createdAt,
  };
  await db.sql
    .insertInto('tool_approvals')
    .values({ server_id: approval.serverId, tool_name: approval.toolName, ...decision })
    .onConflict((conflict) => conflict.columns(['server_id', 'tool_name']).doUpdateSet(decision))
    .execute();
}

/** Returns the number of tools of a server with a decision. */
export async function count(db: Db, serverId: string): Promise<number> {
  const { total } = await db.sql
    .selectFrom('tool_approvals')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('server_id', '=', serverId)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Returns the decisions about a server's tools, oldest first, ties by tool name. */
export async function list(db: Db, serverId: string): Promise<ToolApproval[]> {
  const rows = await db.sql
    .selectFrom('tool_approvals')
    .selectAll()
    .where('server_id', '=', serverId)
    .orderBy('created_at')
    .orderBy('tool_name')
    .execute();
  return rows.map(toToolApproval);
}

/** Deletes every decision about a server's tools. */
export async function removeAll(db: Db, serverId: string): Promise<void> {
  await db.sql.deleteFrom('tool_approvals').where('server_id', '=', serverId).execute();
}

/** Deletes a decision. Returns false if there is none for that tool. */
export async function remove(db: Db, serverId: string, toolName: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('tool_approvals')
    .where('server_id', '=', serverId)
    .where('tool_name', '=', toolName)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

function toToolApproval(row: Database['tool_approvals']): ToolApproval {
  return {
    serverId: row.server_id,
    toolName: row.tool_name,
    approvalHash: row.approval_hash,
    autoApprove: row.auto_approve === 1,
    createdAt: row.created_at,
  };
}
