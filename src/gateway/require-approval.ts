import { admit, type NotApproved } from '../approvals/admission.ts';
import { type AnsweredRound, answerRound } from '../approvals/answer-round.ts';
import { type ExactCall, writeArguments } from '../approvals/exact-call.ts';
import { nextTurn } from '../base/event-loop-turns.ts';
import { isObject } from '../base/is-object.ts';
import { MAX_BODY_VALUES } from '../base/limits.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import { NotSent } from '../base/not-sent.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import type { Call } from './call.ts';
import type { Elicits } from './elicitation.ts';
import { type RequestMessage, RpcError } from './message.ts';
import { AnswerFailed, type DecidedCall } from './outcome.ts';
import { foldCase } from './repeated-members.ts';
import type { Result } from './results.ts';
import { type AskedRound, openRound, refusedRound } from './rounds.ts';

/** A call is not approved: it waits for a person, or must not be sent. Whoever answers the message may hold the client. */
export class Unapproved extends Error {
  override readonly name = 'Unapproved';
  readonly admission: NotApproved;
  readonly call: DecidedCall;
  /** How the client can ask its person to open the page of the request. */
  readonly elicits: Elicits;
  /** The digest of the arguments. */
  readonly digest: string;

  constructor(
    admission: NotApproved,
    call: DecidedCall,
    { elicits, digest }: { readonly elicits: Elicits; readonly digest: string },
  ) {
    super('No person has approved the call.');
    this.admission = admission;
    this.call = call;
    this.elicits = elicits;
    this.digest = digest;
  }
}

/** The tool of a call that waits, with its source. */
export type WaitingTool = Pick<
  ExactCall,
  | 'args'
  | 'accountId'
  | 'serverId'
  | 'serverName'
  | 'policy'
  | 'requiredApprovals'
  | 'reason'
  | 'definition'
  | 'definitionHash'
> & { readonly elicits: Elicits };

/** Returns the arguments of a message as they were sent: absent, null and `{}` are three things. */
export const sentArguments = ({ hasNullArguments, params }: RequestMessage): ExactCall['args'] =>
  hasNullArguments ? null : (params.arguments as Result | undefined);

/** An approved call: the request, and the arguments that a person has seen. */
export type ApprovedCall = {
  readonly requestId: string;
  readonly tool: string;
  readonly args: ExactCall['args'];
  readonly digest: string;
  /** What the server has asked for in the course of the call, and gets with it; null for a call that it has not got yet. */
  readonly asked: AskedRound | null;
};

/**
 * Takes the approval of an exact call. It is used then, before anything is sent, and the call must be sent with the
 * returned arguments. This is the one place where calls that wait are let through, for servers and integrations. Throws
 * Unapproved, NotSent, or an AnswerFailed with the call.
 */
export async function requireApproval(
  deps: Deps,
  { endpoint, organizationId, message, asking, signal }: Call<unknown, RequestMessage>,
  { elicits, ...tool }: WaitingTool,
): Promise<ApprovedCall> {
  const { args, definition } = tool;
  const name = String(definition.name);
  const decided = { tool: name, args: args ?? {}, verdict: 'waits', requestId: null } as const;
  try {
    if (message.json.length > SMALL_BYTES) {
      // To read and write many values takes long: organizations take turns.
      await nextTurn(organizationId);
    }
    requireReadable(args);
    requireShort(definition);
    const written = writeArguments(args);
    const { digest } = written;
    const { requestState, inputResponses } = message.params;
    asking.round ??=
      requestState === undefined
        ? null
        : openRound(deps.store.read.secrets, endpoint.id, requestState, { tool: name, digest });
    const client = clientOf(message.params);
    const call = { ...tool, written, organizationId, endpoint: { id: endpoint.id, name: endpoint.name }, client };
    if (asking.round?.kind === 'asked') {
      const isOwn = asking.earlier !== null;
      const answered = { ...asking.round, answers: inputResponses, isOwn };
      const { requestId, args: seen } = await useRound(deps, call, answered, signal);
      asking.earlier = { requestId, isUsed: true };
      return { requestId, tool: name, args: seen, digest, asked: asking.round };
    }
    const admission = await admit(deps, call, asking.earlier, signal);
    if (admission.kind !== 'approved') {
      asking.earlier = { requestId: admission.request.id, isUsed: false };
      const verdict = admission.kind === 'waits' ? 'waits' : 'denied';
      throw new Unapproved(admission, { ...decided, verdict }, { elicits, digest });
    }
    asking.earlier = { requestId: admission.requestId, isUsed: true };
    return { requestId: admission.requestId, tool: name, args: admission.args, digest, asked: null };
  } catch (error) {
    throw error instanceof Unapproved || error instanceof NotSent ? error : new AnswerFailed(error, { call: decided });
  }
}

/** Uses the round in which a client answers its server. Throws an RpcError if it does not count, and NotSent. */
async function useRound(
  deps: Deps,
  call: ExactCall,
  answered: AnsweredRound,
  signal: AbortSignal,
): Promise<Pick<ApprovedCall, 'requestId' | 'args'>> {
  const used = await answerRound(deps, call, answered, signal);
  switch (used) {
    case 'late':
      throw refusedRound('is too old: it counts for 10 minutes. The answers were not sent.');
    case 'answered':
      throw refusedRound('was answered before, and counts once. The answers were not sent again.');
    case 'changed':
      throw refusedRound(
        'does not count any more: something has changed since a person approved the call. The answers were not sent.',
      );
    default:
      return used;
  }
}

/** The maximum size of a definition that a person is shown before a decision: it is stored with each call. */
const MAX_DEFINITION_BYTES = 1024 * 1024;

/** Throws an RpcError if a definition is too large to be shown. */
function requireShort(definition: Result): void {
  if (Buffer.byteLength(JSON.stringify(definition)) > MAX_DEFINITION_BYTES) {
    throw new RpcError(
      RPC_ERROR_CODES.invalidRequest,
      'A person cannot approve a call of this tool, because its definition is larger than 1 MiB. Whoever owns the server must shorten it.',
    );
  }
}

/**
 * Throws an RpcError if no person can read the arguments: they have too many values, or any object in them has two members
 * that some servers take for one.
 */
function requireReadable(args: unknown): void {
  requireOneReading(args, { values: MAX_BODY_VALUES - 1 });
}

/** `left`: how many values may come beside this one. */
function requireOneReading(value: unknown, left: { values: number }): void {
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) {
    return;
  }
  const members = Object.values(value);
  left.values -= members.length;
  // Before their names are read: that takes long for many.
  if (left.values < 0) {
    throw new RpcError(
      RPC_ERROR_CODES.invalidRequest,
      `A person cannot approve a call with more than ${MAX_BODY_VALUES} values in its arguments. Call the tool for parts of them.`,
    );
  }
  if (!isList && new Set(Object.keys(value).map(foldCase)).size < members.length) {
    throw new RpcError(
      RPC_ERROR_CODES.invalidRequest,
      'Two members in the arguments have the same name up to case. A person cannot approve such a call, because servers differ in which one they use.',
    );
  }
  for (const member of members) {
    requireOneReading(member, left);
  }
}

/** Characters of what a client calls itself that are kept. */
const MAX_CLIENT_CHARS = 256;

function clientOf({ _meta: meta }: Result): ExactCall['client'] {
  const info = isObject(meta) ? meta[`${META_PREFIX}clientInfo`] : undefined;
  if (!isObject(info) || typeof info.name !== 'string') {
    return null;
  }
  const kept = (text: unknown): string =>
    typeof text === 'string' ? text.slice(0, MAX_CLIENT_CHARS).replaceAll('\0', '\ufffd').toWellFormed() : '';
  return { name: kept(info.name), version: kept(info.version) };
}
