import { isObject } from '../base/json.ts';
import { secretForms } from '../secret-forms.ts';
import type { CalledAccount } from './credentials.ts';
import { textOf } from './encode.ts';
import type { Arguments, Credential } from './types.ts';

const SECRET = ['api_key', 'password', 'token', 'client_secret'];
/** What is shorter is likely to be found where it is no secret. */
const SHORTEST = 8;

/**
 * Replaces the credentials of an account in a text, in whatever form, for services that repeat what they are sent.
 * Secrets of less than 8 characters, or of digits alone, stay: data that happens to be the same would be lost, and JSON
 * broken. So does what the arguments hold already: else an answer that repeats guesses would say which one is right.
 */
export function redactor(
  { context }: Pick<CalledAccount, 'context'>,
  credential: Credential | null,
  args: Arguments,
): (text: string) => string {
  const plain = [...SECRET.map((key) => context[key]), credential?.value.replace(/^(Basic|Bearer) /, '')];
  const secrets = new Set(plain.filter((secret) => typeof secret === 'string'));
  const groups = [...secrets].flatMap(groupsOf);
  return (text) => {
    const found = groups.filter((forms) => forms.some((form) => text.includes(form)));
    if (found.length === 0) {
      return text;
    }
    const isSent = sentIn(args);
    return found
      .filter((forms) => !forms.some(isSent))
      .flat()
      .toSorted((a, b) => b.length - a.length)
      .reduce((left, form) => left.replaceAll(form, '[credential]'), text);
  };
}

/** The forms of a secret, and those of each of its lines: who knows a line, such as the first of a key, knows no other. */
function groupsOf(secret: string): string[][] {
  const formsOf = (text: string) => secretForms([text], SHORTEST).filter((form) => !/^\d+$/.test(form));
  const lines = secret.split(/\r?\n/).filter((line) => line !== secret);
  const ofLines = lines.map(formsOf);
  const inLines = new Set(ofLines.flat());
  return [formsOf(secret).filter((form) => !inLines.has(form)), ...ofLines];
}

/**
 * Whether arguments hold a text, be it in another case, with other marks between its letters and digits, encoded, or in
 * pieces: services join, trim and decode what they are sent before they repeat it.
 */
function sentIn(args: Arguments): (text: string) => boolean {
  const values: string[] = [];
  const names: string[] = [];
  collect(args, values, names);
  const written = `${values.join('')}\n${names.join('\n')}`.toLowerCase();
  const readings = [written, decoded(written), decoded(decoded(written))];
  const lettered = readings.map(lettersOf);
  return (text) => {
    const wanted = lettersOf(text.toLowerCase());
    return wanted.length < SHORTEST
      ? readings.some((reading) => reading.includes(text.toLowerCase()))
      : lettered.some((reading) => reading.includes(wanted));
  };
}

function collect(value: unknown, values: string[], names: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      collect(item, values, names);
    }
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      names.push(name);
      collect(member, values, names);
    }
  } else if (value !== undefined) {
    values.push(textOf(value));
  }
}

const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, '');

/** Once, from percent-encoding and from the escapes of JSON. */
const decoded = (text: string): string =>
  text
    .replace(/(?:%[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString().toLowerCase())
    .replace(/\\u([0-9a-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)).toLowerCase());
