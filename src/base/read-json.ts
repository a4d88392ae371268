import { endOfString } from './json-text.ts';

const [SPACE, COLON] = [0x20, 0x3a];

/**
 * Does what `JSON.parse` promises. Throws a SyntaxError for invalid JSON.
 *
 * `JSON.parse` of Node 24 can take a member name with an escape for another name: one that contains a backslash, and that
 * any text of this process had at the same place of an object (after `{"a":0,"\\":1}` it reads `{"a":0,"\n":1}` as if the
 * name were a backslash again). So a text of one organization could change names in a text of another.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasEscapedName(text) ? readTokens(text) : value;
}

/** True if a member name of valid JSON is written with an escape. Texts without a backslash cost one native search. */
function hasEscapedName(text: string): boolean {
  for (let backslash = text.indexOf('\\'); backslash !== -1; ) {
    const end = endOfString(text, backslash - 1);
    let next = end + 1;
    while (text.charCodeAt(next) <= SPACE) {
      next++;
    }
    if (text.charCodeAt(next) === COLON) {
      return true;
    }
    backslash = text.indexOf('\\', next);
  }
  return false;
}

/** Reads valid JSON without `JSON.parse` for objects: it reads each string, number and word alone right. */
function readTokens(text: string): unknown {
  const open: (unknown[] | Record<string, unknown>)[] = [];
  let name: string | undefined;
  let root: unknown;

  const add = (value: unknown): void => {
    const holder = open.at(-1);
    if (holder === undefined) {
      root = value;
    } else if (Array.isArray(holder)) {
      holder.push(value);
    } else {
      // An assignment to `__proto__` would make no member.
      Object.defineProperty(holder, name as string, { value, writable: true, enumerable: true, configurable: true });
      name = undefined;
    }
  };

  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '{' || char === '[') {
      const holder = char === '{' ? {} : [];
      add(holder);
      open.push(holder);
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (!isBetweenTokens(char)) {
      const end = char === '"' ? endOfString(text, at) + 1 : endOfWord(text, at);
      const scalar: unknown = JSON.parse(text.slice(at, end));
      const holder = open.at(-1);
      if (holder !== undefined && !Array.isArray(holder) && name === undefined) {
        name = scalar as string;
      } else {
        add(scalar);
      }
      at = end - 1;
    }
  }
  return root;
}

const isBetweenTokens = (char: string): boolean => char <= ' ' || char === ',' || char === ':';

/** Where a number, `true`, `false` or `null` ends. */
function endOfWord(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && !isBetweenTokens(text[end] as string) && text[end] !== ']' && text[end] !== '}') {
    end++;
  }
  return end;
}
