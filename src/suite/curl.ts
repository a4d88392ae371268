import type { Credentials } from './credentials.ts';

/** Writes a request as a shell command, with variables in place of credentials. */
export function curl(
  method: string,
  url: string,
  credentials: Credentials,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): string {
  return [
    `curl -X ${method} ${quoted(url)}`,
    ...Object.entries(credentials).map(([name, { shown }]) => `-H "${name}: ${shown}"`),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(' ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
