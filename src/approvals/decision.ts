import type { ApprovalPolicy } from '../contract/closed-words.ts';
import { type Hints, readsOnly } from '../tools/hints.ts';

/** The decision about a call: it runs, or it waits for a person. */
export type Verdict = 'runs' | 'waits';

/** The decision about the calls of a tool. */
export type Decision = {
  readonly verdict: Verdict;
  /** Whether the definition differs from the first seen one, without a later decision of a person. */
  readonly isChanged: boolean;
};

/** The facts about the definition of a tool. Hashes are those of `hashDefinition`. */
export type DefinitionFacts = {
  readonly hash: string;
  /** The hash of the first seen definition; undefined for a tool that has appeared since. */
  readonly pinned: string | undefined;
  /** The decision of a person about the tool, and the hash of the definition at that time. */
  readonly approval: { readonly approvalHash: string; readonly autoApprove: boolean } | undefined;
};

/**
 * Decides about the calls of a tool, for `tools/list`, `tools/call` and the Servers API alike: first by the approval
 * policy of its source, then by the pin of the definition, then by the decision of a person, then by the hints of the
 * tool. A tool without definition facts belongs to the gateway, so no outsider can change it.
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
