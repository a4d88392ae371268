/** The notation of JSON values in a programming language. */
export type Notation = {
  readonly string: (text: string) => string;
  readonly key: (name: string) => string;
  readonly words: Readonly<Record<'true' | 'false' | 'null', string>>;
};

const INDENT = '  ';

/** An expression inside a literal, in the language of the notation. */
export class Expression {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export const JAVASCRIPT: Notation = {
  string: singleQuoted,
  key: keyOfJavaScript,
  words: { true: 'true', false: 'false', null: 'null' },
};

export const PYTHON: Notation = {
  string: (text) => JSON.stringify(text),
  key: (name) => JSON.stringify(name),
  words: { true: 'True', false: 'False', null: 'None' },
};

/** What fits on one line stays on it, when it holds no objects. */
const MAX_LINE_CHARS = 80;

/**
 * Writes a JSON value, which may contain expressions, on several lines if it is long; `indent` is the indentation of
 * its first line.
 */
export function literal(value: unknown, notation: Notation, indent = ''): string {
  if (value instanceof Expression) {
    return value.source;
  }
  if (typeof value === 'string') {
    return notation.string(value);
  }
  if (typeof value === 'number') {
    return String(value);
  }
  if (typeof value !== 'object' || value === null) {
    return notation.words[String(value) as 'true' | 'false' | 'null'];
  }
  const inner = indent + INDENT;
  const isArray = Array.isArray(value);
  const members = Object.entries(value).map(([name, member]) => {
    const text = literal(member, notation, inner);
    return isArray ? text : `${notation.key(name)}: ${text}`;
  });
  const [open, pad, close] = isArray ? ['[', '', ']'] : ['{', ' ', '}'];
  if (members.length === 0) {
    return open + close;
  }
  const line = `${open}${pad}${members.join(', ')}${pad}${close}`;
  const isFlat = Object.values(value).every(
    (member) => typeof member !== 'object' || member === null || member instanceof Expression,
  );
  return isFlat && line.length <= MAX_LINE_CHARS
    ? line
    : `${open}\n${members.map((member) => `${inner}${member},\n`).join('')}${indent}${close}`;
}

/** Writes a key of an object literal. In quotes too, `__proto__` sets the prototype; a computed key does not. */
function keyOfJavaScript(name: string): string {
  if (name === '__proto__') {
    return "['__proto__']";
  }
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : singleQuoted(name);
}

/** Writes a string literal of JavaScript. */
export function singleQuoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1);
  return `'${inner.replaceAll(/\\.|'/g, (part) => (part === "'" ? "\\'" : part === '\\"' ? '"' : part))}'`;
}
