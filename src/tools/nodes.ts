import { DocumentError, Unresolved } from './errors.ts';

/**
 * Steps that one document is worth: several times what 16 MB need that are written out. Counting them, not the time,
 * gives the same result on every machine. Four bytes that are kept cost a step, so this bounds the memory, too.
 */
const MAX_STEPS = 10_000_000;

/** The remedy for a document in several files. */
const BUNDLE = ' Bundle the document first, for example with `npx @redocly/cli bundle`.';

/** An object of the document. Keys that the document chooses are read with `Object.hasOwn` or `Object.entries` only. */
export type Node = { readonly [key: string]: unknown };

/** Whether a value of the document is an object. */
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the object, or an empty one for any other value. */
export const nodeOf = (value: unknown): Node => (isNode(value) ? value : {});

/** Returns the array, or an empty one for any other value. */
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the strings of an array, or an empty list. */
export const stringsOf = (value: unknown): string[] => arrayOf(value).filter((item) => typeof item === 'string');

/**
 * Returns a text, a number or a boolean as text, and an empty text for any other value: objects of a document may lack
 * even `toString`.
 */
export const textOf = (value: unknown): string =>
  ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';

/** One step of a JSON pointer. */
export const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** A value of the document, with the last `$ref` that led to it; null if there was none. */
export type Found = { readonly value: unknown; readonly pointer: string | null };

/** Follows `$ref`s inside one document. Never reads other documents. */
export type References = {
  /**
   * Counts work that a document can cause out of proportion to its size: through `$ref`s, and through aliases of YAML,
   * which are one object in many places. A step takes about 0.3 µs. Throws a DocumentError if there are too many steps.
   */
  readonly spend: (steps: number) => void;
  /** Returns the target of a `$ref`, which may be another `$ref`. Throws Unusable if it is not in the document. */
  readonly at: (ref: string) => Found;
  /**
   * Follows `$ref`s until the value is none, or until `goesOn` returns false. Throws Unusable if the references do not
   * end, or leave the document.
   */
  readonly follow: (value: unknown, goesOn?: (reference: Node) => boolean) => Found;
};

/** Creates the lookup of references inside a document. */
export function referencesIn(document: unknown): References {
  let left = MAX_STEPS;
  const spend = (steps: number): void => {
    left -= steps;
    if (left < 0) {
      throw new DocumentError('The document is too complex: it uses the same schemas in too many places.');
    }
  };
  const at = (ref: string): Found => {
    spend(1);
    if (!ref.startsWith('#')) {
      throw new Unresolved(
        `It uses ${quote(ref)}, which is outside of the document`,
        ': external references are not read',
        BUNDLE,
      );
    }
    const keys = keysOf(ref);
    let value: unknown = keys === null ? undefined : document;
    for (const key of keys ?? []) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Node)[key] : undefined;
    }
    if (keys === null || value === undefined) {
      throw new Unresolved(`It uses ${quote(ref)}, which is not in the document`, '', '');
    }
    return { value, pointer: keys.map((key) => `/${escapePointer(key)}`).join('') };
  };
  const follow: References['follow'] = (start, goesOn = () => true) => {
    let found: Found = { value: start, pointer: null };
    const seen = new Set<unknown>();
    while (isNode(found.value) && typeof found.value.$ref === 'string' && goesOn(found.value)) {
      if (seen.has(found.value)) {
        throw new Unresolved(`It uses ${quote(found.value.$ref)}, which refers to itself without end`, '', '');
      }
      seen.add(found.value);
      found = at(found.value.$ref);
    }
    return found;
  };
  return { spend, at, follow };
}

/** The target of a reference to a schema; `problem` says why there is none, and then any value is allowed. */
export type FoundSchema = Found & { readonly problem: string | null };

/** Follows `$ref`s like `follow`, to a schema. Never throws Unusable: where there is no schema, any value is allowed. */
export function followSchema(
  { follow }: References,
  value: unknown,
  goesOn?: (reference: Node) => boolean,
): FoundSchema {
  try {
    const found = follow(value, goesOn);
    if (found.pointer === null || isNode(found.value) || typeof found.value === 'boolean') {
      return { ...found, problem: null };
    }
    const ref = textOf(nodeOf(value).$ref);
    return {
      value: true,
      pointer: null,
      problem: `It uses ${quote(ref)}, which is not a schema: any value is allowed there.`,
    };
  } catch (error) {
    if (error instanceof Unresolved) {
      return { value: true, pointer: null, problem: `${error.fact}: any value is allowed there.${error.remedy}` };
    }
    throw error;
  }
}

function keysOf(ref: string): string[] | null {
  if (!ref.startsWith('#/')) {
    return null;
  }
  try {
    return decodeURIComponent(ref.slice(2))
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return null;
  }
}

/** Quotes a text of the document in a message; cuts a long text. */
export const quote = (text: string): string => (text.length > 120 ? `\`${text.slice(0, 120)}…\`` : `\`${text}\``);
