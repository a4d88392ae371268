import { createYielding } from '../base/event-loop-turns.ts';
import { splitJson } from '../base/split-json.ts';
import { SecretSearch } from '../redaction/secret-search.ts';
import { secretValues, sentIn } from '../redaction/secret-values.ts';
import type { CalledAccount } from './credentials.ts';
import type { Arguments, Credential } from './types.ts';

const SECRET = ['api_key', 'password', 'token', 'client_secret'];

/**
 * Replaces the credentials of an account in a text, in any form, for services that repeat their input. Secrets of less
 * than 8 characters, or that look like numbers, stay: equal data would be lost, and JSON broken. Secrets that the
 * arguments already contain also stay: otherwise an answer that repeats guesses would reveal the right one.
 */
export function redactor(
  { context }: Pick<CalledAccount, 'context'>,
  credential: Credential | null,
  args: Arguments,
): (text: string) => Promise<string> {
  return async (text) => {
    const plain = [...SECRET.map((key) => context[key]), credential?.value.replace(/^(Basic|Bearer) /, '')];
    const secrets = new Set(plain.filter((secret) => typeof secret === 'string'));
    const search = new SecretSearch([...secrets].flatMap((secret) => secretValues('', secret)));
    const turn = createYielding();
    const all = search.wanting(() => true);
    if (search.isEmpty || !(await search.standIn(text, all, false, turn))) {
      return text;
    }
    const left = search.without(all, await search.knownFrom(sentIn(args), turn));
    const isJson = (await splitJson(text, { levels: 0, mostParts: Number.POSITIVE_INFINITY })) !== 'no JSON';
    return search.outOfText(text, left, isJson, turn);
  };
}
