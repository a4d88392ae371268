import type { components } from '../../generated/api.ts';

export type ApprovalPolicy = components['schemas']['ApprovalPolicy'];

/** The approval policies, the loosest first: each holds back everything that the one before it does, and more. */
export const APPROVAL_POLICIES = [
  'auto_approve_all',
  'auto_approve_read_only',
  'require_approval_per_tool',
  'require_approval_all',
] as const satisfies readonly ApprovalPolicy[];

/** Places in the order of strictness. A policy that this program does not know holds everything back. */
const rankOf = (policy: string): number => {
  const rank = (APPROVAL_POLICIES as readonly string[]).indexOf(policy);
  return rank === -1 ? APPROVAL_POLICIES.length : rank;
};

/** Whether calls that one policy holds back run under the other. */
export const isLooser = (policy: string, than: string): boolean => rankOf(policy) < rankOf(than);

/** The policy of the two that holds back more. */
export const stricterOf = (a: string, b: string): string => (isLooser(a, b) ? b : a);

/** Whether any call waits under a policy. */
export const holdsBack = (policy: string): boolean => policy !== 'auto_approve_all';

/** Whether a policy decides by the definition of a tool, which has to be the present one then. */
export const looksAtDefinitions = (policy: string): boolean => holdsBack(policy) && policy !== 'require_approval_all';
