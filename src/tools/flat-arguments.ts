import type { ParameterPlace } from './types.ts';

/** Characters of an argument's name. */
const MAX_NAME_CHARS = 64;

/** The source of a flat argument: a parameter, or a member of the body. */
export type Source = { readonly in: ParameterPlace | 'body'; readonly name: string };

/**
 * Returns the names of the flat arguments, in the order of their sources, all different, `[A-Za-z0-9_.-]{1,64}`. If
 * names clash after this reduction, one of them keeps the name: that of the path, or else the only one that was written
 * exactly so. The others get their place as a prefix; names that still clash get a number. A name that every JavaScript
 * object has (`constructor`) also gets the prefix, so that the lookup of an argument never finds something else.
 */
export function argumentNames(sources: readonly Source[]): string[] {
  const reduced = sources.map(({ name }) => reduce(name));
  const groups = Map.groupBy(sources.keys(), (index) => reduced[index] ?? '');
  const keeps = new Set(
    [...groups].flatMap(([name, indexes]) => {
      const keeper = keeperOf(indexes, sources);
      return keeper === undefined || name in {} ? [] : [keeper];
    }),
  );
  const taken = new Set([...keeps].map((index) => reduced[index] ?? ''));
  const free = freeNames(taken);
  return sources.map((source, index) => {
    const name = reduced[index] ?? '';
    return keeps.has(index) ? name : free(`${source.in}_${name}`);
  });
}

function keeperOf(indexes: readonly number[], sources: readonly Source[]): number | undefined {
  const exact = indexes.filter((index) => sources[index]?.name === reduce(sources[index]?.name ?? ''));
  const inPath = indexes.find((index) => sources[index]?.in === 'path');
  return indexes.length === 1 ? indexes[0] : (inPath ?? (exact.length === 1 ? exact[0] : undefined));
}

/** Signs that tell names apart, in words: `StartTime<` is `StartTime_lt`. */
const SIGNS: Readonly<Record<string, string>> = {
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
  '=': 'eq',
  '==': 'eq',
  '!': 'not',
  '!=': 'ne',
};

/** Runs of other characters become one `_`; at the ends they are left out: `filter[name]` is `filter_name`. */
function reduce(name: string): string {
  const spelled = name.replaceAll(/[<>!=]=?/g, (sign) => `\0${SIGNS[sign]}\0`);
  const start = /^[^A-Za-z0-9_.-]/.test(spelled) ? 1 : 0;
  const words = spelled.replaceAll(/[^A-Za-z0-9_.-]+/g, '_');
  const end = /[A-Za-z0-9_.-]$/.test(spelled) ? words.length : words.length - 1;
  return words.slice(start, Math.min(end, start + MAX_NAME_CHARS)) || '_';
}

function freeNames(taken: Set<string>): (wanted: string) => string {
  const numbers = new Map<string, number>();
  return (wanted) => {
    for (let number = numbers.get(wanted) ?? 1; ; number += 1) {
      const suffix = number === 1 ? '' : `_${number}`;
      const name = `${wanted.slice(0, MAX_NAME_CHARS - suffix.length)}${suffix}`;
      if (!taken.has(name)) {
        taken.add(name);
        numbers.set(wanted, number + 1);
        return name;
      }
    }
  };
}
