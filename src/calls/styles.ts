import { isObject } from '../base/is-object.ts';
import { escapeNonAscii, isJsonType } from '../base/json.ts';
import { contentOf, percentEncode, percentEncodeKeepingReserved, percentEncodeName, textOf } from '../base/percent.ts';
import type { FormMember, ParameterPlan } from '../tools/types.ts';
import { ArgumentError } from './errors.ts';

/** A name, not encoded, and the text of its value, encoded. */
export type Pair = { readonly name: string; readonly text: string };

type Write = (value: unknown) => string;

const DELIMITERS: Readonly<Record<string, string>> = { spaceDelimited: '%20', pipeDelimited: '%7C' };

/**
 * Writes a value in the styles of queries, forms and cookies: form, spaceDelimited, pipeDelimited, deepObject (OpenAPI
 * 3.1.1, section 4.8.12.5). As in RFC 6570, null and empty lists and objects are left out. For cases that OpenAPI does
 * not define: delimited styles with explode are written as form; a list or an object inside a value is JSON, or with
 * indices (`a[b][0]=`) under deepObject.
 */
export function pairsOf(plan: Omit<ParameterPlan | FormMember, 'argument' | 'in'>, value: unknown): Pair[] {
  const { name, style, explode, allowReserved, mediaType } = plan;
  const encodeValue = allowReserved ? percentEncodeKeepingReserved : percentEncode;
  const write: Write = (item) => encodeValue(textOf(item));
  if (mediaType !== undefined) {
    return [{ name, text: encodeValue(contentOf(mediaType, value)) }];
  }
  if (style === 'deepObject') {
    const pairs: Pair[] = [];
    addDeepPairs(name, value, write, { pairs, nameChars: 0 });
    return pairs;
  }
  if (explode && isObject(value)) {
    return entriesOf(value).map(([key, item]) => ({ name: key, text: write(item) }));
  }
  const parts = partsOf(value, explode, write);
  if (explode) {
    refuseLongNames(parts.length * name.length);
    return parts.map((text) => ({ name, text }));
  }
  return parts.length === 0 ? [] : [{ name, text: parts.join(DELIMITERS[style] ?? ',') }];
}

/** Characters that the names of one query or form may have together: one long name stands before each of many values. */
const MAX_NAME_CHARS = 4 * 1024 * 1024;

/** Throws an ArgumentError if the repeated names of values have too many characters in total. */
export function refuseLongNames(chars: number): void {
  if (chars > MAX_NAME_CHARS) {
    throw new ArgumentError(
      `The names of the values must not have more than ${MAX_NAME_CHARS} characters together: send fewer values, or shorter names.`,
    );
  }
}

/** Joins pairs to a query or a form. Throws an ArgumentError if its names are too long. */
export function joinPairs(pairs: readonly Pair[]): string {
  refuseLongNames(pairs.reduce((sum, { name }) => sum + name.length, 0));
  return pairs.map(({ name, text }) => `${percentEncodeName(name)}=${text}`).join('&');
}

type Deep = { readonly pairs: Pair[]; nameChars: number };

function addDeepPairs(name: string, value: unknown, write: Write, deep: Deep): void {
  if (value === null || value === undefined) {
    return;
  }
  if (Array.isArray(value) || isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      addDeepPairs(`${name}[${key}]`, member, write, deep);
    }
    return;
  }
  deep.nameChars += name.length;
  refuseLongNames(deep.nameChars);
  deep.pairs.push({ name, text: write(value) });
}

/** Writes a value in the styles of paths: simple, label, matrix. Returns an empty text for an empty value. */
export function pathText({ name, style, explode, mediaType }: ParameterPlan, value: unknown): string {
  if (mediaType !== undefined) {
    return percentEncode(contentOf(mediaType, value));
  }
  const parts = partsOf(value, explode, (item) => percentEncode(textOf(item)));
  if (parts.every((part) => part === '')) {
    return '';
  }
  switch (style) {
    case 'label':
      return `.${parts.join(explode ? '.' : ',')}`;
    case 'matrix':
      if (!explode) {
        return `;${percentEncode(name)}=${parts.join(',')}`;
      }
      refuseLongNames(parts.length * name.length);
      return parts.map((part) => (isObject(value) ? `;${part}` : `;${percentEncode(name)}=${part}`)).join('');
    default:
      return parts.join(',');
  }
}

/** Writes a value in the style of headers, simple. Headers are not percent-encoded; JSON is written in ASCII. */
export function headerText({ explode, mediaType }: ParameterPlan, value: unknown): string {
  if (mediaType === undefined) {
    return partsOf(value, explode, textOf).join(',');
  }
  const text = contentOf(mediaType, value);
  return isJsonType(mediaType) ? escapeNonAscii(text) : text;
}

/** The texts between the delimiters: one text, the items, or names and values. */
function partsOf(value: unknown, explode: boolean, write: Write): string[] {
  if (Array.isArray(value)) {
    return value.filter(isPresent).map(write);
  }
  if (!isObject(value)) {
    return isPresent(value) ? [write(value)] : [];
  }
  return entriesOf(value).flatMap(([key, item]) =>
    explode ? [`${write(key)}=${write(item)}`] : [write(key), write(item)],
  );
}

const isPresent = (value: unknown): boolean => value !== null && value !== undefined;

const entriesOf = (value: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(value).filter(([, member]) => isPresent(member));
