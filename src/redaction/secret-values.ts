import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';
import { Unparsed, writeJson } from '../base/unparsed.ts';
import { hex, PERCENT } from './secret-reading.ts';
import type { SecretValue } from './secret-search.ts';

/** Names of what is a secret, whatever its value looks like. */
const NAMES = /auth|cookie|credential|key|pass|secret|signature|token/i;
/** Whether a name says that its value is a secret. */
export const isNameOfSecret = (name: string): boolean => NAMES.test(name);

/** Levels of what is inside of something else. */
const MAX_LEVELS = 4;
/** What says what kind of thing something is, and no secret unless its name says so. */
const WORD = /^[a-z]+(?:[ _-][a-z]+)*$/i;
const URL_START = /^[a-z][a-z\d+.-]*:\/\//i;

/**
 * Returns a secret and its parts that are secrets themselves: each line, the text after a scheme, the pair of Basic,
 * passwords of URLs, each cookie, and strings of JSON unless they look like words or addresses.
 */
export function secretValues(name: string, value: string): SecretValue[] {
  return valuesIn(name, value, 0);
}

function valuesIn(name: string, value: string, level: number): SecretValue[] {
  const inside = [
    ...value.split(/\r?\n/),
    ...(level === 0 ? behindScheme(value) : []),
    ...passwordsIn(value),
    ...(/^(?:set-)?cookie2?$/i.test(name) ? cookiesIn(value) : []),
    ...stringsIn(value),
  ].filter((part) => part !== value);
  const parts = level === MAX_LEVELS ? [] : inside.flatMap((part) => valuesIn('', part, level + 1));
  return [{ value, parts: parts.map((part) => part.value) }, ...parts];
}

function behindScheme(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^([a-z][\w-]*) +(.+)$/i.exec(value) ?? [];
  if (scheme.toLowerCase() !== 'basic') {
    return [credentials];
  }
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return [credentials, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** Returns the passwords in all URLs of a text, including URLs with several hosts, which WHATWG does not accept. */
export const passwordsIn = (text: string): string[] =>
  [...text.matchAll(/:\/\/[^\s/?#:@]*:([^\s/?#]+)@/g)].flatMap(([, password = '']) => [password]);

const cookiesIn = (value: string): string[] =>
  value.split(/; */).map((cookie) => cookie.slice(cookie.indexOf('=') + 1).replace(/^"(.*)"$/, '$1'));

function stringsIn(value: string): string[] {
  try {
    return /^\s*[[{"]/.test(value) ? leavesOf('', readJson(value)) : [];
  } catch {
    return [];
  }
}

function leavesOf(name: string, value: unknown): string[] {
  if (typeof value === 'string') {
    // Of a URL, under such a name as `token_uri` too, only the password is a secret.
    if (URL_START.test(value)) {
      return passwordsIn(value);
    }
    return WORD.test(value) && !isNameOfSecret(name) ? [] : [value];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item) => leavesOf(name, item));
  }
  return isObject(value) ? Object.entries(value).flatMap(([key, member]) => leavesOf(key, member)) : [];
}

/**
 * Returns the texts that a client has sent: as written, and all values joined, because services join them and decode
 * them twice. Each text is made on demand: it may be large.
 */
export function* sentIn(args: unknown): Generator<string> {
  for (const read of [writeJson, joined]) {
    const text = read(args);
    yield text;
    if (text.includes('%25%')) {
      yield decoded(text);
    }
  }
}

function joined(args: unknown): string {
  const values: string[] = [];
  collect(args, values);
  return values.join('');
}

function collect(value: unknown, values: string[]): void {
  if (Array.isArray(value) || (isObject(value) && !(value instanceof Unparsed))) {
    for (const member of Object.values(value as object)) {
      collect(member, values);
    }
  } else if (value !== undefined) {
    values.push(value instanceof Unparsed ? value.text() : String(value));
  }
}

/** Without percent-encoding, where that is one of bytes; whatever else is in it. */
function decoded(text: string): string {
  const bytes = Buffer.from(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] === PERCENT ? hex(bytes, at + 1, 2) : -1;
    bytes[length++] = byte === -1 ? (bytes[at] as number) : byte;
    at += byte === -1 ? 0 : 2;
  }
  return bytes.toString('utf8', 0, length);
}
