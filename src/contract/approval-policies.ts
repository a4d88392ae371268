import type { ApprovalPolicy } from './closed-words.ts';

/** Places in the order of strictness: each policy holds back everything that those of lower ranks do, and more. */
const RANKS: Readonly<Record<ApprovalPolicy, number>> = {
  auto_approve_all: 0,
  auto_approve_read_only: 1,
  require_approval_per_tool: 2,
  require_approval_all: 3,
};

/** The approval policies, the loosest first. */
export const APPROVAL_POLICIES = (Object.keys(RANKS) as ApprovalPolicy[]).toSorted((a, b) => RANKS[a] - RANKS[b]);

/** Whether one policy runs calls that the other holds back. */
export const isLooser = (policy: ApprovalPolicy, than: ApprovalPolicy): boolean => RANKS[policy] < RANKS[than];

/** Returns the stricter of two policies. */
export const stricterOf = (a: ApprovalPolicy, b: ApprovalPolicy): ApprovalPolicy => (isLooser(a, b) ? b : a);

/** Which calls wait, and how many people must approve one. */
export type ApprovalRule = { readonly policy: ApprovalPolicy; readonly requiredApprovals: number };

/** The rule of a policy that one person's approval satisfies. */
export const ruleOf = (policy: ApprovalPolicy): ApprovalRule => ({ policy, requiredApprovals: 1 });

/** Returns the rule that asks for all that two rules ask for. */
export const stricterRuleOf = (a: ApprovalRule, b: ApprovalRule): ApprovalRule => ({
  policy: stricterOf(a.policy, b.policy),
  requiredApprovals: Math.max(a.requiredApprovals, b.requiredApprovals),
});

/** Whether any call waits under a policy. */
export const holdsBack = (policy: ApprovalPolicy): boolean => policy !== 'auto_approve_all';

/** Whether a policy depends on the definition of a tool, which must then be current. */
export const looksAtDefinitions = (policy: ApprovalPolicy): boolean =>
  holdsBack(policy) && policy !== 'require_approval_all';
