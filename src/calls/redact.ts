import { createYielding } from '../base/event-loop-turns.ts';
import { isObject } from '../base/is-object.ts';
import { splitJson } from '../base/split-json.ts';
import { SecretSearch } from '../redaction/secret-search.ts';
import { isNameOfSecret, secretValues, sentIn } from '../redaction/secret-values.ts';
import type { CalledAccount } from './authorise.ts';
import { textsIn } from './credentials.ts';
import type { Arguments, Credential } from './types.ts';

const SECRET = ['api_key', 'password', 'token', 'client_secret'];
/** Characters of a fixed value that counts as a secret without a telling name. */
const MIN_SECRET_CHARS = 16;

/** The secrets of a context; fixed values and token parameters count by their name, or if they are long. */
function secretsIn(context: CalledAccount['context']): string[] {
  const schemes = isObject(context.schemes) ? Object.values(context.schemes).filter(isObject) : [];
  const all = [context, ...schemes];
  const fixed = [context.headers, context.query, ...all.map((one) => one.token_params)].flatMap((values) =>
    Object.entries(textsIn(values)),
  );
  const secrets = fixed.filter(([name, value]) => isNameOfSecret(name) || value.length >= MIN_SECRET_CHARS);
  return [
    ...all.flatMap((one) => SECRET.map((key) => one[key])).filter((value) => typeof value === 'string'),
    ...secrets.map(([, value]) => value),
  ];
}

/**
 * Replaces the credentials of an account in a text, in any form, for services that repeat their input. Secrets of less
 * than 8 characters, or that look like numbers, stay: equal data would be lost, and JSON broken. Secrets that the
 * arguments already contain also stay: otherwise an answer that repeats guesses would reveal the right one.
 */
export function redactor(
  { context }: Pick<CalledAccount, 'context'>,
  credentials: readonly Credential[],
  args: Arguments,
): (text: string) => Promise<string> {
  return async (text) => {
    // Fixed values are among the credentials, too: those that are no secrets are left as they are.
    const fixed = [context.headers, context.query].flatMap((values) => Object.values(textsIn(values)));
    const sent = credentials.map(({ value }) => value).filter((value) => !fixed.includes(value));
    const secrets = new Set([...secretsIn(context), ...sent.map((value) => value.replace(/^[A-Z][\w-]* /, ''))]);
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
