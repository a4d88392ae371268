import { type Destined, destinationsOf } from '../calls/destinations.ts';
import { stricterOf } from '../contract/approval-policies.ts';
import type { ApprovalPolicy } from '../contract/closed-words.ts';
import type { DerivedTool } from '../tools/types.ts';
import { decide, type Verdict } from './decision.ts';
import { overridesMethod } from './overrides.ts';
import type { Places } from './server-places.ts';

/**
 * Decides about a call of a tool of an integration, and returns the deciding policy: that of the integration, or a
 * stricter one of a registered server that the call, or the request for its token, would reach. A call that overrides
 * its method does not count as reading; neither does a request for a token.
 */
export async function decideCall(
  policy: ApprovalPolicy,
  places: Places | null,
  called: Destined & { readonly tool: Pick<DerivedTool, 'annotations'> },
): Promise<{ readonly policy: ApprovalPolicy; readonly verdict: Verdict }> {
  const { annotations } = called.tool;
  if (places === null && policy !== 'auto_approve_read_only') {
    return { policy, verdict: decide(policy, annotations).verdict };
  }
  const { request, tokenRequest } = await destinationsOf(called);
  const atRequest = request === null || places === null ? policy : places.strictest(policy, request);
  const atToken =
    tokenRequest === null || places === null ? 'auto_approve_all' : places.strictest('auto_approve_all', tokenRequest);
  const hints = request !== null && overridesMethod(request) ? {} : annotations;
  const waits = [decide(atRequest, hints), decide(atToken, {})].some(({ verdict }) => verdict === 'waits');
  return { policy: stricterOf(atRequest, atToken), verdict: waits ? 'waits' : 'runs' };
}
