import type { components } from '../../generated/api.ts';
import { approvalFacts, type DecidedRequest } from '../approvals/approval-facts.ts';
import { decideApprovalRequest } from '../approvals/decide-approval-request.ts';
import { getRequest, listRequests } from '../approvals/read-requests.ts';
import { invalidValue } from '../base/errors.ts';
import { parseExact } from '../base/json.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import type { ApprovalContents } from '../store/approval-requests.ts';
import { keyPairOf, serverUuid, successEnvelope } from './wire.ts';

type Schemas = components['schemas'];
type ApprovalRequestOperations = 'listApprovalRequests' | 'getApprovalRequest' | 'decideApprovalRequest';

/** The memory of a request for each stored byte: sealed text, value, JSON and the sent bytes. */
const BYTES_PER_STORED_BYTE = 4;

/** Creates the handlers of approval requests (Servers API). */
export const approvalRequestHandlers = (deps: Deps): Handlers<ApprovalRequestOperations> => ({
  listApprovalRequests: async ({ query, caller }, respond) => {
    const { page = 0, limit = 20, status, server_id, tool_name } = query;
    const filters = {
      ...(status !== undefined && { status }),
      ...(server_id !== undefined && { server_id }),
      ...(tool_name !== undefined && { tool_name }),
    };
    const { found, total } = await listRequests(deps, keyPairOf(caller), {
      offset: page * limit,
      limit,
      ...(status !== undefined && { status }),
      ...(server_id !== undefined && { serverId: serverUuid(server_id) }),
      ...(tool_name !== undefined && { toolName: tool_name }),
    });
    const pages = Math.ceil(total / limit);
    return respond(
      200,
      successEnvelope('Approval requests retrieved successfully', {
        requests: found.map((request) => toSummary(deps, request)),
        total_count: total,
        page,
        limit,
        total_pages: pages,
        has_next: page + 1 < pages,
        has_previous: page > 0 && total > 0,
        filters,
      }),
    );
  },

  getApprovalRequest: async ({ params, caller, memory }, respond) => {
    const id = requestUuid(params.approvalRequestId);
    const { request, contents } = await getRequest(deps, keyPairOf(caller), id, (bytes) =>
      memory.room('answers', bytes * BYTES_PER_STORED_BYTE),
    );
    return respond(
      200,
      successEnvelope('Approval request retrieved successfully', toWhole(toSummary(deps, request), contents)),
    );
  },

  decideApprovalRequest: async ({ params, body, caller }, respond) => {
    const decided = await decideApprovalRequest(deps, keyPairOf(caller), requestUuid(params.approvalRequestId), {
      decision: body.decision,
      argumentsDigest: body.arguments_digest,
      definitionHash: body.definition_hash,
      reason: body.reason ?? null,
      remember: rememberIn(body),
    });
    return respond(200, successEnvelope('Decision saved successfully', toSummary(deps, decided)));
  },
});

/** Returns what is to be remembered of a decision. Throws `validation_failed` where nothing can be. */
function rememberIn({ decision, remember, remember_until }: Schemas['ApprovalDecisionCreate']) {
  if (remember === undefined) {
    if (remember_until !== undefined) {
      throw invalidValue(['rememberUntil'], 'goes with remember only', 'invalid');
    }
    return null;
  }
  if (decision !== 'approve') {
    throw invalidValue(['remember'], 'goes with the decision approve only', 'invalid');
  }
  return { until: remember_until ?? null };
}

/** Returns the UUID in the id of an approval request. */
const requestUuid = (id: string): string => id.slice('apr_'.length);

/** Adds whether a call is held, and its rounds, in the order of the document. */
function toSummary({ approvalWaits }: Deps, request: DecidedRequest): Schemas['ApprovalRequestSummary'] {
  const { id, organization_id, status, account_id, server_id, server_name, endpoint, client, ...others } =
    approvalFacts(request);
  const before = { id, organization_id, status, account_id, server_id, server_name, endpoint, client };
  return {
    ...before,
    client_waiting: approvalWaits.isHeld(request.id),
    ...others,
    unseen_rounds: request.unseenRounds,
  };
}

/** Adds the contents, with numbers as written, in the order of the document. */
function toWhole(
  summary: Schemas['ApprovalRequestSummary'],
  { definition, pinned, sealed }: ApprovalContents,
): Schemas['ApprovalRequest'] {
  const { arguments_digest, ...others } = summary;
  const { definition_hash, ...before } = others;
  return {
    ...before,
    definition: parseExact(definition) as Record<string, unknown>,
    definition_hash,
    ...(pinned !== null && { pinned_definition: parseExact(pinned) as Record<string, unknown> }),
    ...(sealed !== null && (parseExact(sealed) as Pick<Schemas['ApprovalRequest'], 'arguments'>)),
    arguments_digest,
  };
}
