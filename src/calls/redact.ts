import type { CalledAccount } from './credentials.ts';
import { encode } from './encode.ts';
import type { Credential } from './types.ts';

const SECRET = ['api_key', 'password', 'token', 'client_secret'];
/** What is shorter is likely to be found where it is no secret. */
const SHORTEST = 8;

/**
 * Replaces the credentials of an account in a text, for services that repeat what they are sent: plain, as the request
 * had them, percent-encoded, and inside JSON. Secrets of less than 8 characters, or of digits alone, stay: data that
 * happens to be the same would be lost, and JSON broken.
 */
export function redactor(
  { context }: Pick<CalledAccount, 'context'>,
  credential: Credential | null,
): (text: string) => string {
  const plain = [...SECRET.map((key) => context[key]), credential?.value.replace(/^(Basic|Bearer) /, '')];
  const forms = plain
    .filter((secret) => typeof secret === 'string')
    .filter((secret) => secret.length >= SHORTEST && !/^\d+$/.test(secret))
    .flatMap((secret) => [secret, encode(secret), JSON.stringify(secret).slice(1, -1)])
    .toSorted((a, b) => b.length - a.length);
  return (text) => forms.reduce((left, form) => left.replaceAll(form, '[credential]'), text);
}
