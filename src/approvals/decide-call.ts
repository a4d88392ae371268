import { type Destined, destinationsOf } from '../calls/destinations.ts';
import type { Sent } from '../calls/types.ts';
import { type ApprovalRule, isLooser, ruleOf } from '../contract/approval-policies.ts';
import { type Hints, readsOnly } from '../tools/hints.ts';
import type { DerivedTool } from '../tools/types.ts';
import { type Decision, type DefinitionFacts, decide } from './decision.ts';
import { overridesMethod } from './request-overrides.ts';
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
 * its method does not count as reading; neither does a request for a token. A tool approval of the account (`facts`)
 * counts under the policy of the integration only: it is about the tool, not about the place of a server.
 */
export function decideCall(
  rule: ApprovalRule,
  places: Places | null,
  called: Destined & { readonly tool: Pick<DerivedTool, 'annotations'> },
  facts?: DefinitionFacts,
): DecidedCall {
  const { annotations } = called.tool;
  if (places === null && rule.policy !== 'auto_approve_read_only') {
    return decideAs(rule, annotations, facts);
  }
  const { request, tokenRequests } = destinationsOf(called);
  const decided = [
    decideAs(rule, request === null ? annotations : hintsFor(request, annotations), facts),
    ...(request === null ? [] : [decideRequest(ruleOf('auto_approve_all'), places, request, annotations)]),
    ...tokenRequests.map((token) => decideRequest(ruleOf('auto_approve_all'), places, token, {})),
  ];
  const waiting = decided.filter(({ verdict }) => verdict === 'waits');
  const { verdict, reason, policy } = (waiting.length === 0 ? decided : waiting).reduce(theStricter);
  const requiredApprovals = Math.max(...decided.map((one) => one.requiredApprovals));
  return { verdict, reason, policy, requiredApprovals };
}

const theStricter = (one: DecidedCall, other: DecidedCall): DecidedCall =>
  isLooser(one.policy, other.policy) ? other : one;

/**
 * Decides about one request: by a rule, or by a stricter one of a registered server at its place. It counts as reading
 * if the hints say so and it does not override its method.
 */
export function decideRequest(rule: ApprovalRule, places: Places | null, request: Sent, hints: Hints): DecidedCall {
  const strictest = places === null ? rule : places.strictest(rule, request);
  return decideAs(strictest, hintsFor(request, hints));
}

const hintsFor = (request: Sent, hints: Hints): Hints => (overridesMethod(request) ? {} : hints);

function decideAs({ policy, requiredApprovals }: ApprovalRule, hints: Hints, facts?: DefinitionFacts): DecidedCall {
  const { verdict, reason } = decide(policy, hints, facts);
  return { policy, requiredApprovals, verdict, reason };
}
