import { isNameOfSecret, passwordsIn } from '../redaction/secret-values.ts';

/** A value that a server is reached or started with, and the name under which it is configured. */
export type Secret = { readonly name: string; readonly value: string };

/** Characters from which on a part of a URL is taken for a secret, although its name does not say so. */
const MIN_URL_SECRET_CHARS = 16;

/** Headers, or variables, as secrets. */
export const secretsIn = (values: Readonly<Record<string, string>>): Secret[] => [
  ...Object.entries(values).map(([name, value]) => ({ name, value })),
  ...Object.values(values).flatMap(passwords),
];

/** Passwords of URLs, which are secrets whatever the name of the URL. */
const passwords = (text: string): Secret[] => passwordsIn(text).map((value) => ({ name: 'password', value }));

/** What may be a secret in a URL: values of its query, and parts of its path. */
export function secretsOfUrl(url: URL): Secret[] {
  const parts = url.pathname.split('/').map((value) => ({ name: 'path', value }));
  const query = [...url.searchParams].map(([name, value]) => ({ name, value }));
  return [...[...query, ...parts].filter(mayBeSecret), ...passwords(url.href)];
}

const mayBeSecret = ({ name, value }: Secret): boolean => isNameOfSecret(name) || value.length >= MIN_URL_SECRET_CHARS;

/** A URL for the audit log: without what may be a secret in it, and without its fragment. */
export function urlWithoutSecrets(text: string): string {
  const { protocol, host, pathname, searchParams } = new URL(text);
  const shown = (name: string, value: string): string => (mayBeSecret({ name, value }) ? '[credential]' : value);
  const path = pathname.split('/').map((part) => shown('path', part));
  const query = [...searchParams].map(([name, value]) => `${name}=${shown(name, value)}`);
  return `${protocol}//${host}${path.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** Arguments of a command whose names say that they are secrets: `--token x`, `--token=x`, `Authorization: x`. */
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
