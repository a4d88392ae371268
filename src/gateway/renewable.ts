import type { Deps } from '../deps.ts';
import type { Served } from './served.ts';

/** What a token was found to serve, and the count of changes before it was looked up. */
type Found = { readonly served: Served | null; readonly changes: number };

/** What a token serves, as time goes by. */
export type Renewable = {
  /** What it serves now, as long as it is good; null when it is not any more. */
  readonly renew: () => Served | null | Promise<Served | null>;
  /** Whether that is what it was last found to be, as far as is known at once. */
  readonly isCurrent: () => boolean;
};

/** Finds what a token serves again, as often as something has changed. Hardly anything has, and then it costs nothing. */
export function createRenewable(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  find: () => Served | null | Promise<Served | null>,
  first: Found,
): Renewable {
  let found = first;
  const isOver = (): boolean => (found.served?.endpoint.expiresAt ?? Number.POSITIVE_INFINITY) <= now();
  const keep = (served: Served | null, changes: number): Served | null => {
    found = { served, changes };
    return served;
  };
  return {
    renew: () => {
      const changes = store.changes();
      if (changes === found.changes && !isOver()) {
        return found.served;
      }
      const finding = find();
      return finding instanceof Promise ? finding.then((served) => keep(served, changes)) : keep(finding, changes);
    },
    isCurrent: () => {
      const changes = store.changes();
      if (isOver() || changes === found.changes) {
        return !isOver();
      }
      const finding = find();
      if (finding instanceof Promise) {
        // It has to be read: whoever asks next is told what was.
        finding.catch(() => undefined);
        return false;
      }
      const isSame = finding === found.served;
      return isSame && keep(finding, changes) !== null;
    },
  };
}
