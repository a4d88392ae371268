import { secretForms } from '../secret-forms.ts';
import type { Target } from './target.ts';

/** What is shorter is likely to be found where it is no secret. */
const SHORTEST = 8;

const known = new WeakMap<Target, readonly string[]>();

/** The values that a server is sent or started with, and what follows the scheme in them, in whatever form. */
function formsOf(target: Target): readonly string[] {
  const values = target.transport === 'stdio' ? target.secrets : Object.values(target.headers);
  const secrets = values.flatMap((value) => [value, value.replace(/^\S+ +/, '')]);
  return secretForms(secrets, SHORTEST).filter((form) => !/^\d+$/.test(form));
}

/**
 * What a server says of a failure, without what it is sent to show who asks: servers repeat that, and who reads it need not be
 * who owns it. Values of less than 8 characters, or of digits alone, stay.
 */
export function masked(target: Target, text: string): string {
  let forms = known.get(target);
  if (forms === undefined) {
    forms = formsOf(target);
    known.set(target, forms);
  }
  return forms.reduce((left, form) => left.replaceAll(form, '[credential]'), text);
}
