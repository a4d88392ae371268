import type { components } from '../../generated/api.ts';

/** The members of a configuration with texts in which variables are replaced. */
type Texts = Pick<components['schemas']['SharedServerConfig'], 'url' | 'headers' | 'command' | 'args' | 'env' | 'cwd'>;

/** Every text in which variables are replaced, with the path to it, as `headers`, `Authorization`. */
export function textsOf({ url, headers, command, args, env, cwd }: Texts): [path: string[], text: string][] {
  const named = (key: string, map: Readonly<Record<string, string>>) =>
    Object.entries(map).map(([name, text]): [string[], string] => [[key, name], text]);
  return [
    [['url'], url ?? ''],
    ...named('headers', headers),
    [['command'], command ?? ''],
    ...args.map((text, index): [string[], string] => [['args', String(index)], text]),
    ...named('env', env),
    [['cwd'], cwd ?? ''],
  ];
}

/** A configuration with every text changed in which variables are replaced. */
export function withTexts<T extends Partial<Texts>>(config: T, change: (text: string) => string): T {
  const one = (text: string | null) => (text === null ? null : change(text));
  const { url, command, args, headers, env, cwd } = config;
  return {
    ...config,
    ...(url !== undefined && { url: one(url) }),
    ...(command !== undefined && { command: one(command) }),
    ...(args !== undefined && { args: args.map(change) }),
    ...(headers !== undefined && { headers: withValues(headers, change) }),
    ...(env !== undefined && { env: withValues(env, change) }),
    ...(cwd !== undefined && { cwd: one(cwd) }),
  };
}

/** A map with every value changed. */
export const withValues = (
  map: Readonly<Record<string, string>>,
  change: (text: string, key: string) => string,
): Record<string, string> => Object.fromEntries(Object.entries(map).map(([key, text]) => [key, change(text, key)]));
