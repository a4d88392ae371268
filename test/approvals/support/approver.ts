import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../support/ask-once.ts';
import { type Credentials, call } from '../../support/client.ts';
import type { Json } from '../../support/json.ts';
import type { TestServer } from '../../support/server.ts';

type Gateway = Pick<TestServer, 'url'>;

/** The requests of an organization, newest first. */
export const listRequests = async ({ url }: Gateway, query: Readonly<Record<string, string>> = {}): Promise<Json[]> =>
  (await call(url, 'listApprovalRequests', { query })).body.data.requests;

/** The newest request that waits, whole. Waits until there is one. */
export async function waitingRequest(gateway: Gateway, query: Readonly<Record<string, string>> = {}): Promise<Json> {
  for (;;) {
    const [request] = await listRequests(gateway, { status: 'pending', ...query });
    if (request !== undefined) {
      return getRequest(gateway, request.id);
    }
    await delay(5);
  }
}

export const getRequest = async ({ url }: Gateway, id: string): Promise<Json> =>
  (await call(url, 'getApprovalRequest', { path: { approvalRequestId: id } })).body.data;

/** Decides about a request as it was seen. */
export const decide = (
  { url }: Gateway,
  { id, arguments_digest, definition_hash }: Json,
  decision: 'approve' | 'deny' = 'approve',
  more: object = {},
  as: Credentials = 'team',
): Promise<Answer> =>
  call(url, 'decideApprovalRequest', {
    path: { approvalRequestId: id },
    body: { decision, arguments_digest, definition_hash, ...more },
    as,
  });
