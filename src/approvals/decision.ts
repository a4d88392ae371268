import type { ApprovalPolicy, ApprovalReason } from '../contract/closed-words.ts';
import { type Hints, readsOnly } from '../tools/hints.ts';

/** The decision about a call: it runs, or it waits for a person. */
export type Verdict = 'runs' | 'waits';

/** The decision about the calls of a tool. */
export type Decision = {
  readonly verdict: Verdict;
  /** Why it waits; null if it runs. */
  readonly reason: ApprovalReason | null;
  /** Whether the definition differs from the first seen one, without a later decision of a person. */
  readonly isChanged: boolean;
};

/** The facts about the definition of a tool. Hashes are those of `hashDefinition`. */
export type DefinitionFacts = {
  readonly hash: string;
  /** The hash of the first seen definition; undefined for a tool that has appeared since. */
  readonly pinned: string | undefined;
  /** The decision of a person about the tool, unless it has expired, and the hash of the definition at that time. */
  readonly approval: { readonly approvalHash: string; readonly autoApprove: boolean } | undefined;
};

/**
 * Decides about the calls of a tool, for `tools/list`, `tools/call` and the Servers API alike: first by the approval
 * policy of its source, then by the pin of the definition, then by the decision of a person, then by the hints of the
 * tool. A tool without definition facts belongs to the gateway, so no outsider can change it.
 */
export function decide(policy: ApprovalPolicy, hints: Hints, facts?: DefinitionFacts): Decision {
  const reason = reasonToWait(policy, hints, facts);
  const isChanged =
    facts?.pinned !== undefined && facts.pinned !== facts.hash && facts.approval?.approvalHash !== facts.hash;
  return { verdict: reason === null ? 'runs' : 'waits', reason, isChanged };
}

function reasonToWait(policy: ApprovalPolicy, hints: Hints, facts?: DefinitionFacts): ApprovalReason | null {
  if (policy === 'auto_approve_all') {
    return null;
  }
  if (policy === 'require_approval_all') {
    return 'all';
  }
  const approval = facts?.approval;
  if (approval !== undefined && approval.approvalHash === facts?.hash) {
    return approval.autoApprove ? null : 'per_tool';
  }
  if (facts !== undefined && facts.pinned !== facts.hash) {
    return facts.pinned === undefined ? 'new' : 'changed';
  }
  if (approval !== undefined || policy === 'require_approval_per_tool') {
    return 'per_tool';
  }
  return readsOnly(hints) ? null : 'not_read_only';
}
