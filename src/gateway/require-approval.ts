import { admit, type NotApproved } from '../approvals/admission.ts';
import { type ExactCall, writeArguments } from '../approvals/exact-call.ts';
import { isObject, isRawNumber } from '../base/json.ts';
import { NotSent } from '../base/not-sent.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import type { Call } from './call.ts';
import { type Elicits, openRound } from './elicitation.ts';
import { type RequestMessage, RpcError } from './message.ts';
import { AnswerFailed, type DecidedCall } from './outcome.ts';
import { foldCase } from './repeated-members.ts';
import type { Result } from './results.ts';

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
export type ApprovedCall = { readonly requestId: string; readonly args: ExactCall['args'] };

/**
 * Takes the approval of an exact call. It is used then, before anything is sent, and the call must be sent with the
 * returned arguments. This is the one place where calls that wait are let through, for servers and integrations. Throws
 * Unapproved, NotSent, or an AnswerFailed with the call.
 */
export async function requireApproval(
  deps: Deps,
  { endpoint, organizationId, message, asking }: Call<unknown, RequestMessage>,
  { elicits, ...tool }: WaitingTool,
): Promise<ApprovedCall> {
  const { args, definition } = tool;
  const decided = { tool: String(definition.name), args: args ?? {}, verdict: 'waits', requestId: null } as const;
  try {
    requireOneReading(args);
    const { digest } = writeArguments(args);
    const { requestState } = message.params;
    asking.round ??=
      requestState === undefined ? null : openRound(deps.store.read.secrets, endpoint.id, requestState, digest);
    const { id, name } = endpoint;
    const client = clientOf(message.params);
    const call = { ...tool, organizationId, endpoint: { id, name }, client };
    const admission = await admit(deps, call, asking.earlier);
    if (admission.kind !== 'approved') {
      asking.earlier = { requestId: admission.request.id, isUsed: false };
      const verdict = admission.kind === 'waits' ? 'waits' : 'denied';
      throw new Unapproved(admission, { ...decided, verdict }, { elicits, digest });
    }
    asking.earlier = { requestId: admission.requestId, isUsed: true };
    return admission;
  } catch (error) {
    throw error instanceof Unapproved || error instanceof NotSent ? error : new AnswerFailed(error, { call: decided });
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';

/**
 * The members of `_meta` that the protocol defines, with their types. Servers may read others as arguments, and no person
 * has seen them.
 */
const META: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['progressToken', (value) => isText(value) || typeof value === 'number' || isRawNumber(value)],
  ['traceparent', isText],
  ['tracestate', isText],
  ['baggage', isText],
  [`${META_PREFIX}protocolVersion`, isText],
  [`${META_PREFIX}clientInfo`, isObject],
  [`${META_PREFIX}clientCapabilities`, isObject],
  [`${META_PREFIX}logLevel`, isText],
  [`${META_PREFIX}related-task`, isObject],
]);

/**
 * Makes the message of an approved call: exactly the name and the arguments that a person has seen, and of the rest only
 * what the protocol itself needs.
 */
export function approvedMessage<M extends RequestMessage>(message: M, name: string, args: ApprovedCall['args']): M {
  const { id, method, params } = message;
  const { _meta: meta, task } = params;
  const kept = isObject(meta) ? Object.entries(meta).filter(([key, value]) => META.get(key)?.(value) === true) : [];
  const approved = {
    name,
    ...(args !== undefined && { arguments: args }),
    ...(kept.length > 0 && { _meta: Object.fromEntries(kept) }),
    ...(isObject(task) && { task: typeof task.ttl === 'number' ? { ttl: task.ttl } : {} }),
  };
  const json = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params: approved }));
  return { ...message, params: approved, json };
}

/** Throws an RpcError if any object in the arguments has two members that some servers take for one. */
function requireOneReading(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(requireOneReading);
  } else if (isObject(value)) {
    const names = Object.keys(value);
    if (new Set(names.map(foldCase)).size < names.length) {
      throw new RpcError(
        RPC_ERROR_CODES.invalidRequest,
        'Two members in the arguments have the same name up to case. A person cannot approve such a call, because servers differ in which one they use.',
      );
    }
    Object.values(value).forEach(requireOneReading);
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
