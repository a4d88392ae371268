import { secretForms } from '../secret-forms.ts';
import type { CalledAccount } from './credentials.ts';
import type { Credential } from './types.ts';

const SECRET = ['api_key', 'password', 'token', 'client_secret'];
/** What is shorter is likely to be found where it is no secret. */
const SHORTEST = 8;

/**
 * Replaces the credentials of an account in a text, in whatever form, for services that repeat what they are sent.
 * Secrets of less than 8 characters, or of digits alone, stay: data that happens to be the same would be lost, and JSON
 * broken.
 */
export function redactor(
  { context }: Pick<CalledAccount, 'context'>,
  credential: Credential | null,
): (text: string) => string {
  const plain = [...SECRET.map((key) => context[key]), credential?.value.replace(/^(Basic|Bearer) /, '')];
  const secrets = plain.filter((secret) => typeof secret === 'string').filter((secret) => secret.length >= SHORTEST);
  const forms = secretForms(secrets, SHORTEST).filter((form) => !/^\d+$/.test(form));
  return (text) => forms.reduce((left, form) => left.replaceAll(form, '[credential]'), text);
}
