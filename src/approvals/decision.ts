import type { Annotations } from '../tools/types.ts';

/** Whether a call runs, or waits for a person. */
export type Verdict = 'runs' | 'waits';

/**
 * The one decision about a tool's calls, by the approval policy of where it comes from. Only a tool that says that it
 * reads, and does not say that it destroys, counts as read-only; what says nothing waits.
 */
export function decide(policy: string, { readOnlyHint, destructiveHint }: Annotations): Verdict {
  if (policy === 'auto_approve_all') {
    return 'runs';
  }
  const readsOnly = readOnlyHint === true && destructiveHint !== true;
  return policy === 'auto_approve_read_only' && readsOnly ? 'runs' : 'waits';
}
