/** Half of the time for which commits are kept, in milliseconds. */
const MAX_GAP_MS = 300_000;

/** What a follower has seen of the server when it looked. */
export type Look = {
  /** The server's `pg_current_snapshot()`. */
  readonly snapshot: string;
  /** Differs after a restart, on another server, and for another table. */
  readonly mark: string;
  /** The server's clock, in milliseconds. */
  readonly now_ms: number;
};

/**
 * Whether a look has all commits since another one: on the same server and table, not at an earlier state of it (after
 * a fail-over or a restore), and soon enough that none was purged.
 */
export function isNextLook(look: Look, before: Look): boolean {
  const [bounds, earlier] = [boundsOf(look), boundsOf(before)];
  return (
    look.mark === before.mark &&
    bounds.oldest >= earlier.oldest &&
    bounds.next >= earlier.next &&
    Math.abs(look.now_ms - before.now_ms) < MAX_GAP_MS
  );
}

/** Whether every transaction with that number or a lower one had ended at a look. */
export const isBefore = (xid: string, look: Look): boolean => BigInt(xid) < boundsOf(look).oldest;

/** The oldest transaction that ran, and the first one that had not begun: a snapshot is `oldest:next:running`. */
function boundsOf({ snapshot }: Look): { oldest: bigint; next: bigint } {
  const [oldest = '', next = ''] = snapshot.split(':');
  return { oldest: BigInt(oldest), next: BigInt(next) };
}
