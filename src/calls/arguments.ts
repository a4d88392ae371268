import { ArgumentError } from './errors.ts';
import type { Arguments } from './types.ts';

/** Throws an ArgumentError that names all missing arguments. */
export function requireArguments(names: readonly string[], args: Arguments): void {
  const missing = names.filter((name) => !Object.hasOwn(args, name));
  if (missing.length > 0) {
    const list = missing.map((name) => JSON.stringify(name)).join(', ');
    throw new ArgumentError(
      missing.length === 1 ? `The argument ${list} is required.` : `The arguments ${list} are required.`,
    );
  }
}
