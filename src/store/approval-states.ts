import type { ApprovalOutcome } from '../contract/closed-words.ts';
import { type ApprovalRequest, COLUMNS, LIVE, toRequest } from './approval-request-rows.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Db } from './store.ts';

/**
 * Decides a request that waits at `at`. An approval can be used until `usableUntil`, and a denial answers the same call
 * until then. Changes nothing if it no longer waits.
 */
export async function decide(
  db: Db,
  id: string,
  status: 'approved' | 'denied',
  { at, usableUntil }: { readonly at: number; readonly usableUntil: number },
): Promise<void> {
  const isOver = status === 'denied';
  await db.sql
    .updateTable('approval_requests')
    .set({
      status,
      decided_at: at,
      usable_until: usableUntil,
      due_at: isOver ? null : usableUntil,
      ended_at: isOver ? at : null,
    })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where('due_at', '>', at)
    .execute();
}

/** Everything that an approval is bound to, as it is now. */
export type ApprovalBinding = Pick<ApprovalRequest, 'definitionHash' | 'argumentsDigest' | 'decisionVersion'> & {
  readonly callHash: string;
};

const bound = ({ callHash, definitionHash, argumentsDigest, decisionVersion }: ApprovalBinding) => ({
  call_hash: callHash,
  definition_hash: definitionHash,
  arguments_digest: argumentsDigest,
  decision_version: decisionVersion,
});

/** Uses an approval, once, if it is valid at `at` and everything that it is bound to is unchanged. Returns whether it was. */
export async function use(db: Db, id: string, binding: ApprovalBinding, at: number): Promise<boolean> {
  const { numUpdatedRows } = await db.sql
    .updateTable('approval_requests')
    .set({ status: 'used', used_at: at, ended_at: at, due_at: null })
    .where('id', '=', id)
    .where('status', '=', 'approved')
    .where('due_at', '>', at)
    .where((eb) => eb.and(bound(binding)))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Uses one round of an approved call that was sent, if everything that its approval is bound to is unchanged: its count
 * of rounds becomes `to` where it is `from`. Returns whether it was.
 */
export async function useRound(
  db: Db,
  id: string,
  binding: ApprovalBinding,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db.sql
    .updateTable('approval_requests')
    .set({ unseen_rounds: to })
    .where('id', '=', id)
    .where('status', '=', 'used')
    .where('unseen_rounds', '=', from)
    .where((eb) => eb.and(bound(binding)))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Binds an approved request to another version of what it depends on: the one that its own approver has made. */
export async function rebind(db: Db, id: string, decisionVersion: string): Promise<void> {
  await db.sql
    .updateTable('approval_requests')
    .set({ decision_version: decisionVersion })
    .where('id', '=', id)
    .where('status', '=', 'approved')
    .execute();
}

/**
 * Ends a request that waits or is approved. Returns false if it does neither, or if it is to expire and is not due at `at`: it
 * may have been decided since it was found to be due.
 */
export async function end(db: Db, id: string, status: 'expired' | 'outdated', at: number): Promise<boolean> {
  const { numUpdatedRows } = await db.sql
    .updateTable('approval_requests')
    .set({ status, ended_at: at, due_at: null })
    .where('id', '=', id)
    .where('status', 'in', LIVE)
    .$if(status === 'expired', (query) => query.where('due_at', '<=', at))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Stores the outcome of a used request. */
export async function noteOutcome(db: Db, id: string, outcome: ApprovalOutcome): Promise<void> {
  await db.sql
    .updateTable('approval_requests')
    .set({ outcome })
    .where('id', '=', id)
    .where('status', '=', 'used')
    .execute();
}

/** Returns the requests that are due at a time, the first ones, at most a slice of them. */
export async function due(db: Db, at: number, exceptOrganizations: readonly string[] = []): Promise<ApprovalRequest[]> {
  const rows = await db.sql
    .selectFrom('approval_requests')
    .select(COLUMNS)
    .where('due_at', '<=', at)
    .$if(exceptOrganizations.length > 0, (query) => query.where('organization_id', 'not in', exceptOrganizations))
    .orderBy('due_at')
    .limit(PURGE_SLICE_ROWS)
    .execute();
  return rows.map((row) => toRequest(row, at));
}

/** Returns when the next request is due; null if none is. */
export async function nextDue(db: Db): Promise<number | null> {
  const row = await db.sql
    .selectFrom('approval_requests')
    .select('due_at')
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? null;
}

/**
 * Erases the arguments of requests that ended before a time, at most a slice of them, and returns their number. Repeat it,
 * each time in its own write, until the number is less than a slice.
 */
export async function eraseArguments(db: Db, endedBefore: number): Promise<number> {
  const { numUpdatedRows } = await db.sql
    .updateTable('approval_contents')
    .set({ arguments: null })
    .where('request_id', 'in', (query) =>
      query
        .selectFrom('approval_requests')
        .innerJoin('approval_contents', 'request_id', 'id')
        .select('id')
        .where('ended_at', '<', endedBefore)
        .where('arguments', 'is not', null)
        .limit(PURGE_SLICE_ROWS),
    )
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Deletes the requests that ended before a time without a decision, in slices as `eraseArguments` does. */
export async function removeUndecided(db: Db, endedBefore: number): Promise<number> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('approval_requests')
    .where('id', 'in', (query) =>
      query
        .selectFrom('approval_requests')
        .select('id')
        .where('ended_at', '<', endedBefore)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('approval_decisions').select('request_id').whereRef('request_id', '=', 'approval_requests.id'),
            ),
          ),
        )
        .limit(PURGE_SLICE_ROWS),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
