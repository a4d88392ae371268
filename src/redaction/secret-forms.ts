import { escapeNonAscii } from '../base/json.ts';
import { percentEncode } from '../base/percent.ts';

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** How JSON writers write a string: most as little escaped as they may, others what HTML, or ASCII, has another use for. */
const JSON_WRITERS: readonly ((text: string) => string)[] = [
  inJson,
  (text) => escapeNonAscii(inJson(text)),
  (text) => inJson(text).replaceAll('/', '\\/'),
  (text) => escapeNonAscii(inJson(text).replaceAll('/', '\\/')),
  (text) => inJson(text).replace(/[<>&]/g, unit),
  (text) => escapeNonAscii(inJson(text).replace(/[<>&'+]/g, unit)),
];

const lowerPercents = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());

/**
 * Returns the forms of secrets in a text: unchanged, whole or line by line; percent-encoded; inside JSON (also from
 * writers that escape more than necessary); and in base64. Each form has at least the given number of characters. Forms
 * are unique, longer ones first, because one may contain another.
 */
export function secretForms(secrets: readonly string[], shortest: number): string[] {
  const forms = secrets.flatMap((secret) => {
    const pieces = new Set([secret, ...secret.split(/\r?\n/)]);
    const bytes = Buffer.from(secret);
    return [
      ...[...pieces].flatMap((piece) => [piece, ...JSON_WRITERS.map((write) => write(piece))]),
      ...[percentEncode(secret), encodeURIComponent(secret.toWellFormed())].flatMap((text) => [
        text,
        lowerPercents(text),
        text.replaceAll('%20', '+'),
      ]),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
    ];
  });
  return [...new Set(forms)].filter(({ length }) => length >= shortest).toSorted((a, b) => b.length - a.length);
}
