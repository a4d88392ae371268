import { randomUUID } from 'node:crypto';
import { approvalRequestId } from '../audit/wire.ts';
import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';
import type { Sealer } from '../store/secrets.ts';
import { type Message, RpcError } from './message.ts';
import type { Result } from './results.ts';
import { sealRound, type WaitingRound } from './rounds.ts';
import { approvalMeta, approvalUrl } from './unapproved-result.ts';

/**
 * How the client of a call can ask its person to open the page of an approval request: by the result of the call, which
 * it then sends again (2026-07-28, "Multi round-trip requests"), or by a request on the stream of the call (2025-11-25,
 * "Elicitation"), or the error -32042 where the client reads no stream; null if it cannot.
 */
export type Elicits = 'by result' | 'on the stream' | null;

/** Whether the capabilities of a client include to open URLs. */
export const opensUrls = (capabilities: unknown): boolean =>
  isObject(capabilities) && isObject(capabilities.elicitation) && isObject(capabilities.elicitation.url);

/** The same for a message of the stateless era, which holds them. */
export const isSentByOpener = ({ params: { _meta: meta } }: Message): boolean =>
  isObject(meta) && opensUrls(meta[`${META_PREFIX}clientCapabilities`]);

const WHAT = 'A person must approve this call. Open the page to see how.';

/** The number of rounds after which a call is answered with an ordinary result. */
export const MAX_ROUNDS = 8;

/** The key of the one request in `inputRequests`. */
const KEY = 'approval';

/** Makes the result that asks the person of a client to open a page, and the client to call again; later ones only the latter. */
export function inputRequired(
  secrets: Sealer,
  publicUrl: string,
  request: ApprovalRequest,
  round: WaitingRound,
  isFirst: boolean,
): Result {
  const params = { mode: 'url', url: approvalUrl(publicUrl, request), message: WHAT };
  return {
    resultType: 'input_required',
    ...(isFirst && { inputRequests: { [KEY]: { method: 'elicitation/create', params } } }),
    requestState: sealRound(secrets, request.endpoint.id, round),
    _meta: approvalMeta(publicUrl, request),
  };
}

/** Whether the person of a client did not want to open the page: that is no decision about the call. */
export const hasDeclined = ({ params: { inputResponses } }: Message): boolean =>
  isObject(inputResponses) && isRefusal(inputResponses[KEY]);

const isRefusal = (result: unknown): boolean =>
  isObject(result) && (result.action === 'decline' || result.action === 'cancel');

/** Begins the ids of requests of Gatehouse on the streams of clients. */
const ID_PREFIX = 'gatehouse-approval-';

const urlElicitation = (publicUrl: string, request: ApprovalRequest) => ({
  mode: 'url',
  elicitationId: approvalRequestId(request.id),
  url: approvalUrl(publicUrl, request),
  message: WHAT,
});

/** Makes the request on the stream of a call that asks the person of the client to open a page. */
export function elicitationRequest(publicUrl: string, request: ApprovalRequest) {
  const id = `${ID_PREFIX}${randomUUID()}`;
  return { jsonrpc: '2.0', id, method: 'elicitation/create', params: urlElicitation(publicUrl, request) };
}

/** Makes the error that asks the same of a client that reads no stream (2025-11-25, "URL Elicitation Required Error"). */
export const elicitationError = (publicUrl: string, request: ApprovalRequest): RpcError =>
  new RpcError(RPC_ERROR_CODES.urlElicitationRequired, `${WHAT} Then call again with the same arguments.`, {
    data: { elicitations: [urlElicitation(publicUrl, request)] },
  });

/** Whether a message answers such a request: it is not for the server. */
export const isElicitationAnswer = ({ id, method }: Message): boolean =>
  method === undefined && typeof id === 'string' && id.startsWith(ID_PREFIX);

/** Whether such an answer says that the person did not want to open the page. */
export function isDeclinedBy(message: Message): boolean {
  const { result, error } = readJson(String(message.json)) as Result;
  return error !== undefined || isRefusal(result);
}
