import { type Destined, destinationsOf } from '../calls/destinations.ts';
import type { Sent } from '../calls/types.ts';
import { type ApprovalRule, ruleOf, stricterRuleOf } from '../contract/approval-policies.ts';
import { type Hints, readsOnly } from '../tools/hints.ts';
import type { DerivedTool } from '../tools/types.ts';
import { type Decision, decide } from './decision.ts';
import { overridesMethod } from './overrides.ts';
import type { Places } from './server-places.ts';

/** The decision, and the rule that made it. */
type DecidedCall = Pick<Decision, 'verdict' | 'reason'> & ApprovalRule;

/** Whether a call of a tool of an integration only reads: the tool does, and the call does not override its method. */
export async function onlyReads(
  called: Destined & { readonly tool: Pick<DerivedTool, 'annotations'> },
): Promise<boolean> {
  const { request } = await destinationsOf(called);
  return readsOnly(called.tool.annotations) && (request === null || !overridesMethod(request));
}

/**
 * Decides about a call of a tool of an integration, and returns the deciding rule: that of the integration, or a
 * stricter one of a registered server that the call, or the request for its token, would reach. A call that overrides
 * its method does not count as reading; neither does a request for a token.
 */
export function decideCall(
  rule: ApprovalRule,
  places: Places | null,
  called: Destined & { readonly tool: Pick<DerivedTool, 'annotations'> },
): DecidedCall {
  const { annotations } = called.tool;
  if (places === null && rule.policy !== 'auto_approve_read_only') {
    return decideAs(rule, annotations);
  }
  const { request, tokenRequests } = destinationsOf(called);
  const decided = [
    request === null ? decideAs(rule, annotations) : decideRequest(rule, places, request, annotations),
    ...tokenRequests.map((token) => decideRequest(ruleOf('auto_approve_all'), places, token, {})),
  ];
  const reason = decided.map((one) => one.reason).find((one) => one !== null) ?? null;
  return {
    ...decided.map(({ policy, requiredApprovals }) => ({ policy, requiredApprovals })).reduce(stricterRuleOf),
    verdict: reason === null ? 'runs' : 'waits',
    reason,
  };
}

/**
 * Decides about one request: by a rule, or by a stricter one of a registered server at its place. It counts as reading
 * if the hints say so and it does not override its method.
 */
export function decideRequest(rule: ApprovalRule, places: Places | null, request: Sent, hints: Hints): DecidedCall {
  const strictest = places === null ? rule : places.strictest(rule, request);
  return decideAs(strictest, overridesMethod(request) ? {} : hints);
}

function decideAs({ policy, requiredApprovals }: ApprovalRule, hints: Hints): DecidedCall {
  const { verdict, reason } = decide(policy, hints);
  return { policy, requiredApprovals, verdict, reason };
}
