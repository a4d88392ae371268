import {
  type ApprovalAnswer,
  type ApproverKind,
  readApprovalAnswer,
  readApproverKind,
} from '../contract/closed-words.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** The decision of one person about one exact call. An approver is a credential, never a typed name. */
export type ApprovalDecision = {
  requestId: string;
  by: { kind: ApproverKind; id: string; name: string };
  decision: ApprovalAnswer;
  reason: string | null;
  /** Milliseconds since the epoch. */
  at: number;
};

/** Stores a decision. The request must exist. Fails if the same approver has decided about it. */
export async function insert(db: Db, { requestId, by, decision, reason, at }: ApprovalDecision): Promise<void> {
  await db.sql
    .insertInto('approval_decisions')
    .values({
      request_id: requestId,
      approver_kind: by.kind,
      approver_id: by.id,
      approver_name: by.name,
      decision,
      reason,
      at,
    })
    .execute();
}

/** Returns the decisions about some requests, oldest first, ties by approver. */
export async function list(db: Db, requestIds: readonly string[]): Promise<ApprovalDecision[]> {
  if (requestIds.length === 0) {
    return [];
  }
  const rows = await db.sql
    .selectFrom('approval_decisions')
    .selectAll()
    .where('request_id', 'in', requestIds)
    .orderBy('at')
    .orderBy('approver_id')
    .execute();
  return rows.map(toDecision);
}

/** Returns the reason of the denial of a request; null if it has none. */
export async function reasonOfDenial(db: Db, requestId: string): Promise<string | null> {
  const row = await db.sql
    .selectFrom('approval_decisions')
    .select('reason')
    .where('request_id', '=', requestId)
    .where('decision', '=', 'deny')
    .executeTakeFirst();
  return row?.reason ?? null;
}

function toDecision(row: Database['approval_decisions']): ApprovalDecision {
  const { request_id: requestId } = row;
  return {
    requestId,
    by: {
      kind: readApproverKind(row.approver_kind, 'approval_decisions', requestId),
      id: row.approver_id,
      name: row.approver_name,
    },
    decision: readApprovalAnswer(row.decision, 'approval_decisions', requestId),
    reason: row.reason,
    at: row.at,
  };
}
