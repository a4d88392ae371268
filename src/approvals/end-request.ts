import { GATEHOUSE } from '../audit/changes.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import type { Db } from '../store/store.ts';
import { recordEvent } from './record-event.ts';

/** Ends a request that waits or is approved, and audits it. Does nothing if it does neither. */
export async function endRequest(
  db: Db,
  request: ApprovalRequest,
  status: 'expired' | 'outdated',
  at: number,
): Promise<void> {
  if (await states.end(db, request.id, status, at)) {
    await recordEvent(db, `approval.${status}`, GATEHOUSE, request, at);
  }
}
