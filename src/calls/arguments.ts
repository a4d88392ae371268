import type { DerivedTool } from '../tools/types.ts';
import { ArgumentError } from './errors.ts';
import type { Arguments } from './types.ts';

/**
 * Throws an ArgumentError that names the required arguments of a tool which are missing, before anything is sent. Null
 * counts as missing for a parameter, which has no way to write it. The rest of the schema is left to the service.
 */
export function requireAll(
  { inputSchema, request }: Pick<DerivedTool, 'inputSchema' | 'request'>,
  args: Arguments,
): void {
  const parameters = new Set(request.parameters.map(({ argument }) => argument));
  const given = Object.entries(args).filter(([name, value]) => value !== null || !parameters.has(name));
  requireArguments((inputSchema.required ?? []) as string[], Object.fromEntries(given));
}

/** Throws an ArgumentError that names all missing arguments. */
export function requireArguments(names: readonly string[], args: Arguments): void {
  const missing = names.filter((name) => !Object.hasOwn(args, name)).map((name) => JSON.stringify(name));
  if (missing.length > 0) {
    throw new ArgumentError(
      missing.length === 1
        ? `The argument ${missing[0]} is required.`
        : `The arguments ${missing.join(', ')} are required.`,
    );
  }
}
