import { writeArguments } from '../approvals/exact-call.ts';
import { isObject } from '../base/is-object.ts';
import { isRawNumber } from '../base/json.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import type { Sealer } from '../store/secrets.ts';
import type { RequestMessage } from './message.ts';
import { type ApprovedCall, sentArguments } from './require-approval.ts';
import type { Result } from './results.ts';
import { isOwnState, openRound, refusedRound } from './rounds.ts';

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
 * what the protocol itself needs, and what the server has asked for in the course of the call.
 */
export function approvedMessage<M extends RequestMessage>(message: M, { tool: name, args, asked }: ApprovedCall): M {
  const { _meta: meta, task, inputResponses } = message.params;
  const kept = isObject(meta) ? Object.entries(meta).filter(([key, value]) => META.get(key)?.(value) === true) : [];
  return withParams(message, {
    name,
    ...(args !== undefined && { arguments: args }),
    ...(asked !== null && isObject(inputResponses) && { inputResponses }),
    ...(asked?.state !== undefined && { requestState: asked.state }),
    ...(kept.length > 0 && { _meta: Object.fromEntries(kept) }),
    ...(isObject(task) && { task: typeof task.ttl === 'number' ? { ttl: task.ttl } : {} }),
  });
}

/**
 * Makes the message of a call that needs no approval: one that has waited for a person, and does not any more, carries the
 * answers to Gatehouse, which are not for the server. Throws an RpcError if it carries answers to the server, which
 * count only for the approval that the call had.
 */
export function unapprovedMessage<M extends RequestMessage>(secrets: Sealer, endpointId: string, message: M): M {
  const { requestState, inputResponses: _, ...params } = message.params;
  if (!isOwnState(requestState)) {
    return message;
  }
  const { digest } = writeArguments(sentArguments(message));
  if (openRound(secrets, endpointId, requestState, { tool: String(params.name), digest }).kind === 'asked') {
    throw refusedRound('does not count any more: the call needs no approval now. The answers were not sent.');
  }
  return withParams(message, params);
}

function withParams<M extends RequestMessage>(message: M, params: Result): M {
  const { id, method } = message;
  return { ...message, params, json: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params })) };
}
