import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { suggestion } from '../base/suggestion.ts';

/** A mistake in the command line, as one sentence. */
export class UsageError extends Error {}

/**
 * Reads a command line: options, `--help` among them always, and exactly the positional arguments that `names` names.
 * Throws UsageError for anything else, with the option that was meant where one is near.
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
      throw new UsageError(`${token.rawName}: unknown option${suggestion(token.rawName, flags)}`);
    }
  }
  const read = parsed(args, options);
  const missing = names[read.positionals.length];
  if (missing !== undefined && !('help' in read.values)) {
    throw new UsageError(`${missing}: missing`);
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
    // Node goes on about what else could have been meant.
    throw new UsageError((error as Error).message.replace(/[.;\n].*$/s, ''));
  }
}
