import type { Db } from './store.ts';

/** A request that waits or is approved, with the ids of everything that it is bound to. UUIDs. */
export type LiveRequest = {
  readonly id: string;
  readonly organizationId: string;
  readonly endpointId: string;
  readonly accountId: string;
  readonly serverId: string | null;
  /** Null for an account of a server, and for one that is gone. */
  readonly integrationId: string | null;
};

/** Requests that are read at once. */
const SLICE_ROWS = 1000;

/** Yields the requests of all organizations that wait or are approved. */
export async function* liveRequests(db: Db): AsyncGenerator<LiveRequest, void> {
  for (let last = ''; ; ) {
    const rows = await db.sql
      .selectFrom('approval_requests')
      .leftJoin('accounts', (join) =>
        join
          .onRef('accounts.id', '=', 'approval_requests.account_id')
          .onRef('accounts.organization_id', '=', 'approval_requests.organization_id'),
      )
      .select([
        'approval_requests.id',
        'approval_requests.organization_id as organizationId',
        'approval_requests.endpoint_id as endpointId',
        'approval_requests.account_id as accountId',
        'approval_requests.server_id as serverId',
        'accounts.integration_id as integrationId',
      ])
      .where('approval_requests.due_at', 'is not', null)
      .where('approval_requests.id', '>', last)
      .orderBy('approval_requests.id')
      .limit(SLICE_ROWS)
      .execute();
    yield* rows;
    if (rows.length < SLICE_ROWS) {
      return;
    }
    last = rows.at(-1)?.id ?? '';
  }
}
