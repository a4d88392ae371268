import type { components } from '../../generated/api.ts';
import { approvalRequestId, teamServer } from '../audit/wire.ts';
import type { WebhookEvent } from '../contract/closed-words.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import type { Db } from '../store/store.ts';
import { tellEvent } from './outbox.ts';

/** An approval request in an event; what depends on the webhook is added when the event is sent. */
type EventData = Omit<components['schemas']['ApprovalEventData'], 'url' | 'arguments'>;

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
      return dataOf(request, await decisions.list(db, [id]));
    },
  });

const dataOf = (request: requests.ApprovalRequest, made: readonly decisions.ApprovalDecision[]): EventData => ({
  id: approvalRequestId(request.id),
  organization_id: request.organizationId,
  status: request.status,
  account_id: request.accountId,
  server_id: request.serverId === null ? null : teamServer(request.serverId).id,
  server_name: request.serverName,
  endpoint: request.endpoint,
  client: request.client,
  tool_name: request.toolName,
  definition_hash: request.definitionHash,
  arguments_digest: request.argumentsDigest,
  arguments_bytes: request.argumentsBytes,
  approval_policy: request.approvalPolicy,
  reason: request.reason,
  decision_version: request.decisionVersion,
  decisions: made.map(({ decision, by, reason, at }) => ({ decision, by, reason, at })),
  created_at: request.createdAt,
  expires_at: request.expiresAt,
  decided_at: request.decidedAt,
  usable_until: request.usableUntil,
  used_at: request.usedAt,
  outcome: request.outcome,
});
