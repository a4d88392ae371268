import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { suggestSimilar } from '../base/suggest-similar.ts';

/** A mistake in the command line, as one sentence. */
export class UsageError extends Error {}

/**
 * Parses a command line: the known options, always including `--help`, and exactly the positional arguments in `names`.
 * Throws UsageError for anything else, and suggests a similar option if there is one.
 */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  known: T,
  names: readonly string[] = [],
) {
  const options = { ...known, help: { type: 'boolean' } } as const;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'option' && !Object.hasOwn(options, token.name)) {
      const flags = Object.keys(options).map((name) => `--${name}`);
      throw new UsageError(`${token.rawName}: unknown option${suggestSimilar(token.rawName, flags)}`);
    }
  }
  const read = parsed(args, options);
  const missing = names[read.positionals.length];
  if (missing !== undefined && !('help' in read.values)) {
    throw new UsageError(`${missing}: missing; it is a required argument`);
  }
  if (read.positionals.length > names.length) {
    throw new UsageError(`${read.positionals[names.length]}: unknown argument`);
  }
  return read;
}

function parsed<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node appends suggestions: keep the first sentence.
    throw new UsageError((error as Error).message.replace(/[.;\n].*$/s, ''));
  }
}
