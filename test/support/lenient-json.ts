/** JSON in which an object keeps all its members, whatever their names. */
type Lenient = string | null | { readonly members: readonly (readonly [name: string, value: Lenient])[] } | Lenient[];

/** What a token of JSON, or of what passes for it, is made of; comments, a byte order mark and spaces are none. */
const TOKEN =
  /\s+|\uFEFF|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[[\]{}:,]|[^\s[\]{}:,"']+/gs;

/**
 * The tools that a body calls in any reading of any reader: with all members that stand twice, with names in any case
 * (by the full folding of Unicode), with every message of a batch or of a row of messages.
 */
export function callsIn(body: string): ReadonlySet<string> {
  const called = new Set<string>();
  for (const message of read(body).flatMap((value) => (Array.isArray(value) ? value.flat() : [value]))) {
    const methods = membersOf(message, 'method');
    for (const params of methods.some((method) => fold(String(method)).trim() === 'tools/call')
      ? membersOf(message, 'params')
      : []) {
      for (const name of membersOf(params, 'name')) {
        called.add(String(name));
      }
    }
  }
  return called;
}

const fold = (name: string): string => name.toUpperCase().toLowerCase();

const membersOf = (value: Lenient, wanted: string): Lenient[] =>
  value !== null && typeof value === 'object' && 'members' in value
    ? value.members.filter(([name]) => fold(name) === wanted).map(([, member]) => member)
    : [];

/** All values of a text, one after the other. What is no JSON is left out, and what is open at the end counts. */
function read(text: string): Lenient[] {
  type Open = { readonly values: Lenient[]; readonly isObject: boolean };
  const top: Open = { values: [], isObject: false };
  const open: Open[] = [top];
  const close = (): void => {
    const { values, isObject } = open.pop() as Open;
    const members = values.flatMap((name, at) =>
      at % 2 === 0 ? [[String(name), values[at + 1] ?? null] as const] : [],
    );
    open.at(-1)?.values.push(isObject ? { members } : values);
  };
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push({ values: [], isObject: token === '{' });
    } else if (token === '}' || token === ']') {
      if (open.length > 1) {
        close();
      }
    } else if (token[0] === '"' || token[0] === "'") {
      open.at(-1)?.values.push(unescaped(token.slice(1, -1)));
    } else if (/^[\w.+-]+$/.test(token)) {
      open.at(-1)?.values.push(null);
    }
  }
  while (open.length > 1) {
    close();
  }
  return top.values;
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gis, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? letter : String.fromCharCode(Number.parseInt(hex, 16)),
  );
