import { ApiError } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import { parseExact } from '../base/json.ts';
import { NotSent } from '../base/not-sent.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import * as states from '../store/approval-states.ts';
import type { Db, Store } from '../store/store.ts';
import { timeOf } from '../store/time.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import type { ApprovalWaits } from './approval-waits.ts';
import { endRequest } from './end-request.ts';
import { callHashOf, decisionVersionOf, type ExactCall, isSameBinding, keptToolName, sourceOf } from './exact-call.ts';
import { recordEvent } from './record-event.ts';

type ApprovalRequest = requests.ApprovalRequest;

/** The parts of the approvals of one gateway. */
export type ApprovalDeps = {
  readonly store: Pick<Store, 'read' | 'writeFor'>;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly approvalWaits: ApprovalWaits;
  /** The time that people have for a decision. */
  readonly approvalTimeoutMs: number;
};

/** What the client's present call has come to before: the request that it waits for, and whether it has used its approval. */
export type Earlier = { readonly requestId: string; readonly isUsed: boolean };

/** The result of asking for an exact call. */
export type Admission =
  /** It may be sent now, with exactly these arguments. The approval is used. */
  | { readonly kind: 'approved'; readonly requestId: string; readonly args: ExactCall['args'] }
  /** It waits for a person. */
  | { readonly kind: 'waits'; readonly request: ApprovalRequest }
  /** It must not be sent: a person has denied it (with a reason, if any), or another call has used the approval. */
  | { readonly kind: 'refused'; readonly request: ApprovalRequest; readonly reason: string | null };

/** An exact call that must not be sent now. */
export type NotApproved = Exclude<Admission, { kind: 'approved' }>;

/** The maximum of bytes of the definitions and arguments that wait in one organization. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;
const MAX_DECIDED_BYTES = 256 * 1024 * 1024;
const MAX_UNDECIDED_BYTES = 64 * 1024 * 1024;
/** The maximum of bytes of the requests that have ended in one organization. */
export const MAX_ENDED_BYTES: requests.EndedBytes = { decided: MAX_DECIDED_BYTES, undecided: MAX_UNDECIDED_BYTES };
/** The bytes that a request counts for at least, so that small ones are bounded too. */
export const LEAST_HELD_BYTES = 16 * 1024;
/** Seconds after which a call may find room for its request. */
const RETRY_AFTER_SECONDS = 30;

/**
 * Asks whether an exact call may be sent now, in one transaction. It uses the approval of exactly this call; or joins the
 * request that waits, or makes one. A request of the same call whose definition, policy, scope, credentials or versions
 * have changed is outdated first. Whatever was approved is used once: by the conditional update, before anything is sent;
 * a process that dies in between costs the approval. A client that is gone uses none. Throws `rate_limited` when too much
 * waits in the organization, NotSent if the endpoint or its source is gone, and the reason of the signal.
 */
export async function admit(
  deps: ApprovalDeps,
  call: ExactCall,
  earlier: Earlier | null,
  signal: AbortSignal,
): Promise<Admission> {
  const callHash = callHashOf(call, call.written.digest);
  const admission = await deps.store.writeFor(call.organizationId, (db) =>
    admitIn(db, deps, { call, callHash, earlier, signal }),
  );
  if (admission.kind === 'waits') {
    deps.approvalWaits.expectExpiry(admission.request.expiresAt, deps.approvalTimeoutMs);
  }
  return admission;
}

type Asked = {
  readonly call: ExactCall;
  readonly callHash: string;
  readonly earlier: Earlier | null;
  readonly signal: AbortSignal;
};

async function admitIn(db: Db, deps: ApprovalDeps, { call, callHash, earlier, signal }: Asked): Promise<Admission> {
  const { written } = call;
  const at = await timeOf(db);
  const decisionVersion = await decisionVersionOf(db, sourceOf(call), call, at);
  if (decisionVersion === null) {
    throw new NotSent();
  }
  const { definitionHash } = call;
  const binding = { callHash, definitionHash, argumentsDigest: written.digest, decisionVersion };
  for (const request of await requests.ofCall(db, call.organizationId, callHash, at)) {
    const isSame = isSameBinding(request, binding);
    const admission = isSame ? await answerBy(db, request, binding, { at, earlier, signal }) : null;
    if (admission !== null) {
      return admission;
    }
    // The status in the database may still be the one before it was due.
    await endRequest(db, request, isSame ? 'expired' : 'outdated', at);
  }
  const request = await ask(db, deps, call, { ...binding, bytes: written.bytes, sealed: written.sealed, at });
  return { kind: 'waits', request };
}

/** Returns what an earlier request of exactly this call says; null if it says nothing any more. */
async function answerBy(
  db: Db,
  request: ApprovalRequest,
  binding: states.ApprovalBinding,
  { at, earlier, signal }: Pick<Asked, 'earlier' | 'signal'> & { readonly at: number },
): Promise<Admission | null> {
  const { id, status } = request;
  const isOwn = earlier?.requestId === id;
  switch (status) {
    case 'pending':
      return { kind: 'waits', request };
    case 'approved': {
      signal.throwIfAborted();
      if (!(await states.use(db, id, binding, at))) {
        return null;
      }
      const actor = { kind: 'endpoint', ...request.endpoint } as const;
      await recordEvent(db, 'approval.used', actor, request, at);
      return approved(db, request);
    }
    case 'used':
      // Nothing was sent yet if this very call has used it, and is decided again.
      return !isOwn ? null : earlier.isUsed ? approved(db, request) : { kind: 'refused', request, reason: null };
    case 'denied': {
      return { kind: 'refused', request, reason: await decisions.reasonOfDenial(db, id) };
    }
    default:
      return null;
  }
}

/** Returns what may be sent of a request whose approval is used. */
export async function approved(
  db: Db,
  { id, organizationId }: Pick<ApprovalRequest, 'id' | 'organizationId'>,
): Promise<Extract<Admission, { kind: 'approved' }>> {
  const contents = await requests.contents(db, organizationId, id);
  if (contents === null || contents.sealed === null) {
    throw new TypeError(`approval request ${id} has no arguments`);
  }
  const { arguments: args } = parseExact(contents.sealed) as { readonly arguments?: ExactCall['args'] };
  return { kind: 'approved', requestId: id, args };
}

type ToAsk = states.ApprovalBinding & {
  readonly bytes: number;
  readonly sealed: string;
  readonly at: number;
};

async function ask(
  db: Db,
  { ids, approvalTimeoutMs }: ApprovalDeps,
  call: ExactCall,
  { bytes, sealed, at, ...binding }: ToAsk,
): Promise<ApprovalRequest> {
  const { organizationId } = call;
  const toolName = keptToolName(call.definition.name);
  const definition = JSON.stringify(call.definition);
  const present = { hash: call.definitionHash, now: at };
  // The tool approval of a kept name may be that of another tool, which has this name.
  const isOwnName = toolName === call.definition.name;
  const pinned = isOwnName ? await toolApprovals.otherDefinition(db, call, toolName, present) : null;
  const heldBytes = Math.max(LEAST_HELD_BYTES, Buffer.byteLength(definition + (pinned ?? '')) + bytes);
  if ((await requests.heldBytes(db, organizationId)) + heldBytes > MAX_HELD_BYTES) {
    throw new ApiError(
      'rate_limited',
      'Too many calls of this organization wait for a person. Decide about some of them, or wait until they expire.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
  await forgetOldest(db, organizationId);
  const created = {
    ...binding,
    id: ids.uuid(),
    organizationId,
    endpoint: { id: call.endpoint.id, name: call.endpoint.name },
    accountId: call.accountId,
    serverId: call.serverId,
    serverName: call.serverName,
    client: call.client,
    toolName,
    argumentsBytes: bytes,
    approvalPolicy: call.policy,
    requiredApprovals: call.requiredApprovals,
    reason: call.reason,
    createdAt: at,
    expiresAt: at + approvalTimeoutMs,
  };
  await requests.insert(db, { ...created, heldBytes, definition, pinned, sealed });
  const actor = { kind: 'endpoint', ...created.endpoint } as const;
  await recordEvent(db, 'approval.requested', actor, created, at);
  const undecided = { decidedAt: null, usableUntil: null, usedAt: null, outcome: null, unseenRounds: 0 };
  return { ...created, status: 'pending', ...undecided };
}

/** Deletes the oldest requests that have ended, as far as there are too many of them: a client can let any number expire. */
async function forgetOldest(db: Db, organizationId: string): Promise<void> {
  const bytes = await requests.endedBytes(db, organizationId);
  for (const kind of ['decided', 'undecided'] as const) {
    if (bytes[kind] > MAX_ENDED_BYTES[kind]) {
      await requests.removeOldest(db, organizationId, kind, bytes[kind] - MAX_ENDED_BYTES[kind]);
    }
  }
}
