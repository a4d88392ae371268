import { isNameOfSecret, passwordsIn } from '../redaction/secret-values.ts';

/** A configured value of a server, and its name. */
export type Secret = { readonly name: string; readonly value: string };

/** The minimum number of characters of a part of a URL that counts as a secret without a telling name. */
const MIN_URL_SECRET_CHARS = 16;

/** Returns headers or variables as secrets, with the passwords of URLs in them. */
export const secretsIn = (values: Readonly<Record<string, string>>): Secret[] => [
  ...Object.entries(values).map(([name, value]) => ({ name, value })),
  ...Object.values(values).flatMap(passwords),
];

/** The passwords of URLs are secrets whatever the name of the value is. */
const passwords = (text: string): Secret[] => passwordsIn(text).map((value) => ({ name: 'password', value }));

/** Returns the possible secrets of a URL: values of its query, parts of its path, and its password. */
export function secretsOfUrl(url: URL): Secret[] {
  const parts = url.pathname.split('/').map((value) => ({ name: 'path', value }));
  const query = [...url.searchParams].map(([name, value]) => ({ name, value }));
  return [...[...query, ...parts].filter(mayBeSecret), ...passwords(url.href)];
}

const mayBeSecret = ({ name, value }: Secret): boolean => isNameOfSecret(name) || value.length >= MIN_URL_SECRET_CHARS;

/** Returns a URL for the audit log, without possible secrets and without its fragment. */
export function urlWithoutSecrets(text: string): string {
  const { protocol, host, pathname, searchParams } = new URL(text);
  const shown = (name: string, value: string): string => (mayBeSecret({ name, value }) ? '[credential]' : value);
  const path = pathname.split('/').map((part) => shown('path', part));
  const query = [...searchParams].map(([name, value]) => `${name}=${shown(name, value)}`);
  return `${protocol}//${host}${path.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/**
 * Returns the arguments of a command that their names mark as secrets: `--token x`, `--token=x`, `Authorization: x`.
 */
export function secretsOfArguments(args: readonly string[]): Secret[] {
  const named = args
    .flatMap((argument, at): Secret[] => {
      const [, name = '', value = ''] = /^-{0,2}([\w-]+)[=:]\s*(.+)$/s.exec(argument) ?? [];
      return [
        { name, value },
        { name: args[at - 1]?.startsWith('-') ? (args[at - 1] ?? '') : '', value: argument },
      ];
    })
    .filter(({ name }) => isNameOfSecret(name));
  return [...named, ...args.flatMap(passwords)];
}
