import type { Deps } from '../deps.ts';
import type { Served } from './served.ts';

/** The endpoint of a token, and the count of changes before its lookup. */
type Found = { readonly served: Served | null; readonly changes: number };

/** The current endpoint of a token. */
export type Renewable = {
  /** Returns the endpoint as it is now; null if the token is no longer valid. */
  readonly renew: () => Served | null | Promise<Served | null>;
  /** Whether the endpoint is still the last returned one, as far as can be told at once. */
  readonly isCurrent: () => boolean;
};

/**
 * Creates a finder that looks up the token again only after a change. Usually there is none, and then it costs
 * nothing.
 */
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
        // It must be read: the next caller gets the result.
        finding.catch(() => undefined);
        return false;
      }
      const isSame = finding === found.served;
      return isSame && keep(finding, changes) !== null;
    },
  };
}
