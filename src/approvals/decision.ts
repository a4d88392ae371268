import type { ApprovalPolicy } from '../contract/closed-words.ts';
import { type Hints, readsOnly } from '../tools/hints.ts';

/** Whether a call runs, or waits for a person. */
export type Verdict = 'runs' | 'waits';

export type Decision = {
  readonly verdict: Verdict;
  /** The definition is not the one that was seen first, and nobody has decided about it since. */
  readonly isChanged: boolean;
};

/** What is known of a tool's definition. Hashes are those of `definitionHash`. */
export type DefinitionFacts = {
  readonly hash: string;
  /** The hash that was seen first; undefined for a tool that has appeared since. */
  readonly pinned: string | undefined;
  /** A person's standing decision about the tool, with the hash that it was made about. */
  readonly approval: { readonly approvalHash: string; readonly autoApprove: boolean } | undefined;
};

/**
 * The one decision about a tool's calls, for `tools/list`, `tools/call` and the Servers API alike: the approval policy of
 * where the tool comes from first, then whether the definition is one that a person knows, then their standing decision,
 * then what the tool says of itself. A tool without definition facts is our own: nobody else can change it.
 */
export function decide(policy: ApprovalPolicy, hints: Hints, facts?: DefinitionFacts): Decision {
  const isDecided = facts?.approval?.approvalHash === facts?.hash;
  const isKnown = facts === undefined || facts.pinned === facts.hash;
  const isChanged = !isKnown && !isDecided && facts.pinned !== undefined;
  const decided = (): boolean | undefined => facts?.approval && isDecided && facts.approval.autoApprove;
  const runs = (): boolean => {
    switch (policy) {
      case 'auto_approve_all':
        return true;
      case 'require_approval_all':
        return false;
      case 'auto_approve_read_only':
        return decided() ?? (isKnown && readsOnly(hints));
      case 'require_approval_per_tool':
        return decided() ?? false;
    }
  };
  return { verdict: runs() ? 'runs' : 'waits', isChanged };
}
