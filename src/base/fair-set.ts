/** A limited set of names of several owners. */
export type FairSet = {
  /** Adds a name. If there are too many, removes the oldest name of the owner with the most names. */
  readonly add: (owner: string, name: string) => void;
  /** Whether an owner has at least one name. */
  readonly hasAny: (owner: string) => boolean;
  readonly has: (owner: string, name: string) => boolean;
};

/** Creates an empty set of at most `most` names. */
export function createFairSet(most: number): FairSet {
  /** Each in the order in which its names were added; none is empty. */
  const byOwner = new Map<string, Set<string>>();
  let size = 0;

  const dropOne = (): void => {
    let fullest: { readonly owner: string; readonly names: Set<string> } | undefined;
    for (const [owner, names] of byOwner) {
      if (fullest === undefined || names.size > fullest.names.size) {
        fullest = { owner, names };
      }
    }
    const oldest = fullest?.names.values().next().value;
    if (fullest !== undefined && oldest !== undefined) {
      fullest.names.delete(oldest);
      size -= 1;
      if (fullest.names.size === 0) {
        byOwner.delete(fullest.owner);
      }
    }
  };

  return {
    add: (owner, name) => {
      const names = byOwner.get(owner) ?? new Set();
      byOwner.set(owner, names);
      size += names.has(name) ? 0 : 1;
      names.add(name);
      if (size > most) {
        dropOne();
      }
    },
    hasAny: (owner) => byOwner.has(owner),
    has: (owner, name) => byOwner.get(owner)?.has(name) === true,
  };
}
