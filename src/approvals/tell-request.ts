import type { WebhookEvent } from '../contract/closed-words.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import type { Db } from '../store/store.ts';
import { approvalFacts } from './approval-facts.ts';
import { tellEvent } from './outbox.ts';

/** Tells webhooks what happens to a request, in the transaction that does it, after it is stored. */
export const tellRequest = (
  db: Db,
  type: WebhookEvent,
  { id, organizationId }: Pick<requests.ApprovalRequest, 'id' | 'organizationId'>,
  at: number,
): Promise<void> =>
  tellEvent(db, {
    type,
    organizationId,
    at,
    approvalRequestId: id,
    data: async () => {
      const request = await requests.find(db, organizationId, id, at);
      if (request === null) {
        throw new TypeError(`approval request ${id} was told of before it was stored`);
      }
      return approvalFacts({ ...request, decisions: await decisions.list(db, [id]) });
    },
  });
