import { type ExpressionBuilder, sql } from 'kysely';
import type { ApprovalStatus } from '../contract/closed-words.ts';
import { type ApprovalRequest, COLUMNS, LIVE, toRequest } from './approval-request-rows.ts';
import type { Database } from './schema.ts';
import { SEALED } from './sealed.ts';
import type { Db } from './store.ts';

export type { ApprovalRequest } from './approval-request-rows.ts';

/** What a person sees of a call: JSON texts. */
export type ApprovalContents = {
  definition: string;
  /** The definition for which the tool has a tool approval, if it is another one; else null. */
  pinned: string | null;
  /** An object with the member `arguments`, or without it for a call without any; null once they are erased. */
  sealed: string | null;
};

/** A request, before it is stored. */
export type NewApprovalRequest = Omit<
  ApprovalRequest,
  'status' | 'decidedAt' | 'usableUntil' | 'usedAt' | 'outcome' | 'unseenRounds'
> & {
  /** The hash of endpoint, account, tool and arguments. */
  callHash: string;
  /** The bytes that count towards the maximum of the organization. */
  heldBytes: number;
  definition: string;
  pinned: string | null;
  sealed: string;
};

/** A filter of requests. `status` is the status at `now`. */
export type ApprovalFilter = {
  readonly status?: ApprovalStatus;
  readonly serverId?: string;
  readonly toolName?: string;
};

/** Stores a request as `pending`. Fails if another request of the same call waits or is approved. */
export async function insert(db: Db, request: NewApprovalRequest): Promise<void> {
  const { id, endpoint, client } = request;
  await db.sql
    .insertInto('approval_requests')
    .values({
      id,
      organization_id: request.organizationId,
      status: 'pending',
      endpoint_id: endpoint.id,
      endpoint_name: endpoint.name,
      account_id: request.accountId,
      server_id: request.serverId,
      server_name: request.serverName,
      client_name: client?.name ?? null,
      client_version: client?.version ?? null,
      tool_name: request.toolName,
      definition_hash: request.definitionHash,
      arguments_digest: request.argumentsDigest,
      arguments_bytes: request.argumentsBytes,
      held_bytes: request.heldBytes,
      approval_policy: request.approvalPolicy,
      reason: request.reason,
      decision_version: request.decisionVersion,
      required_approvals: request.requiredApprovals,
      call_hash: request.callHash,
      created_at: request.createdAt,
      expires_at: request.expiresAt,
      due_at: request.expiresAt,
      unseen_rounds: 0,
    })
    .execute();
  await db.sql
    .insertInto('approval_contents')
    .values({
      request_id: id,
      definition: request.definition,
      pinned_definition: request.pinned,
      arguments: db.secrets.seal(request.sealed, SEALED.approvalArguments.contextOf(id)),
    })
    .execute();
}

/** Returns a request of an organization as it is at `now`, or null. */
export async function find(db: Db, organizationId: string, id: string, now: number): Promise<ApprovalRequest | null> {
  const row = await db.sql
    .selectFrom('approval_requests')
    .select(COLUMNS)
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toRequest(row, now) : null;
}

/** Returns the contents of a request of an organization, or null. */
export async function contents(db: Db, organizationId: string, id: string): Promise<ApprovalContents | null> {
  const row = await db.sql
    .selectFrom('approval_requests')
    .innerJoin('approval_contents', 'request_id', 'id')
    .select(['definition', 'pinned_definition', 'arguments'])
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : {
        definition: row.definition,
        pinned: row.pinned_definition,
        sealed: row.arguments === null ? null : db.secrets.open(row.arguments, SEALED.approvalArguments.contextOf(id)),
      };
}

/** Returns the bytes of the contents of a request of an organization, 0 if there is none. */
export async function contentBytes(db: Db, organizationId: string, id: string): Promise<number> {
  const row = await db.sql
    .selectFrom('approval_requests')
    .innerJoin('approval_contents', 'request_id', 'id')
    .select(
      sql<number>`octet_length(definition) + coalesce(octet_length(pinned_definition), 0) + coalesce(octet_length(arguments), 0)`.as(
        'bytes',
      ),
    )
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** Returns the requests of one exact call that still matter at `now`, newest first: live ones, and decided ones. */
export async function ofCall(
  db: Db,
  organizationId: string,
  callHash: string,
  now: number,
): Promise<ApprovalRequest[]> {
  const rows = await db.sql
    .selectFrom('approval_requests')
    .select(COLUMNS)
    .where('call_hash', '=', callHash)
    .where('organization_id', '=', organizationId)
    .where((eb) => eb.or([eb('status', 'in', LIVE), eb('usable_until', '>', now)]))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map((row) => toRequest(row, now));
}

/** Returns the bytes that the waiting and approved requests of an organization hold. */
export async function heldBytes(db: Db, organizationId: string): Promise<number> {
  const { total } = await db.sql
    .selectFrom('approval_requests')
    .select(({ fn }) => fn.coalesce(fn.sum<number>('held_bytes'), sql<number>`0`).as('total'))
    .where('organization_id', '=', organizationId)
    .where('due_at', 'is not', null)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** The bytes of the requests of an organization that have ended. */
export type EndedBytes = { readonly decided: number; readonly undecided: number };

/** Returns the bytes of the requests of an organization that have ended. */
export async function endedBytes(db: Db, organizationId: string): Promise<EndedBytes> {
  const { total, decided } = await db.sql
    .selectFrom('approval_requests')
    .select([
      sql<number>`coalesce(sum(held_bytes), 0)`.as('total'),
      sql<number>`coalesce(sum(case when decided_at is null then 0 else held_bytes end), 0)`.as('decided'),
    ])
    .where('organization_id', '=', organizationId)
    .where('ended_at', 'is not', null)
    .executeTakeFirstOrThrow();
  return { decided: Number(decided), undecided: Number(total) - Number(decided) };
}

/** The maximum number of requests that `removeOldest` deletes: a commit of more topics counts as a change of anything. */
const MAX_REMOVED_ROWS = 50;

/**
 * Deletes the requests of an organization that have ended first, with a decision or without, until they hold so many bytes
 * less; at most 50.
 */
export async function removeOldest(
  db: Db,
  organizationId: string,
  kind: keyof EndedBytes,
  excessBytes: number,
): Promise<void> {
  const rows = await db.sql
    .selectFrom('approval_requests')
    .select(['id', 'held_bytes'])
    .where('organization_id', '=', organizationId)
    .where('ended_at', 'is not', null)
    .where('decided_at', kind === 'decided' ? 'is not' : 'is', null)
    .orderBy('ended_at')
    .limit(MAX_REMOVED_ROWS)
    .execute();
  let left = excessBytes;
  const removed = rows.filter(({ held_bytes: bytes }) => {
    left -= bytes;
    return left + bytes > 0;
  });
  if (removed.length > 0) {
    const ids = removed.map(({ id }) => id);
    await db.sql.deleteFrom('approval_requests').where('id', 'in', ids).execute();
  }
}

type Where = ExpressionBuilder<Database, 'approval_requests'>;

/** A status as it is at `now`: what is due has expired, even before it is stored. */
const hasStatus = (eb: Where, status: ApprovalStatus, now: number) =>
  LIVE.includes(status)
    ? eb.and([eb('status', '=', status), eb('due_at', '>', now)])
    : status === 'expired'
      ? eb.or([eb('status', '=', status), eb.and([eb('status', 'in', LIVE), eb('due_at', '<=', now)])])
      : eb('status', '=', status);

const filtered = (db: Db, organizationId: string | null, { status, serverId, toolName }: ApprovalFilter, now: number) =>
  db.sql
    .selectFrom('approval_requests')
    .$if(organizationId !== null, (query) => query.where('organization_id', '=', organizationId as string))
    .$if(status !== undefined, (query) => query.where((eb) => hasStatus(eb, status as ApprovalStatus, now)))
    .$if(serverId !== undefined, (query) => query.where('server_id', '=', serverId as string))
    .$if(toolName !== undefined, (query) => query.where('tool_name', '=', toolName as string));

/** Returns one page of an organization's requests as they are at `now`, newest first, ties by id. */
export async function page(
  db: Db,
  organizationId: string,
  { offset, limit, ...filter }: ApprovalFilter & { readonly offset: number; readonly limit: number },
  now: number,
): Promise<ApprovalRequest[]> {
  const rows = await filtered(db, organizationId, filter, now)
    .select(COLUMNS)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  return rows.map((row) => toRequest(row, now));
}

/** Returns the number of the requests of an organization, or of all (null), that a filter finds. */
export async function count(
  db: Db,
  organizationId: string | null,
  filter: ApprovalFilter,
  now: number,
): Promise<number> {
  const { total } = await filtered(db, organizationId, filter, now)
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}
