import { tooLarge } from './errors.ts';
import type { Hidden } from './hidden.ts';
import { arrayOf, isNode, type Node, nodeOf, type References, stringsOf, textOf } from './nodes.ts';

/** A tool with more arguments than that is too large in any case. */
const MAX_MEMBERS = 10_000;
/** Steps that a member is worth: it is kept for as long as the document is read. */
const MEMBER_STEPS = 8;

/** The members of an object body, each with one schema. */
export type Spread = {
  readonly properties: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<string>;
  /** The schema of additional members; false if the document does not mention any. */
  readonly rest: unknown;
};

/** Keywords that restrict an object as a whole, so that its members are no arguments of their own. */
const WHOLE = ['if', 'patternProperties', 'dependentSchemas', 'enum', 'const'];
/** These do, too, unless they only require members. */
const ALTERNATIVES = ['oneOf', 'anyOf', 'not'];

/**
 * Splits object bodies into members for flat arguments. Returns null for a body that stays one value under `body`.
 *
 * Parts of an `allOf` are merged: a member in several parts must satisfy all of them. A body with alternatives
 * (`oneOf`, `anyOf`, with or without a discriminator) stays one value: only then does the tool say exactly what the
 * document says, and models do not see members that exclude each other. If the alternatives only require different
 * members of the same object (`anyOf: [{required: [a]}, {required: [b]}]`), the members become arguments, none of them
 * required by this, and the service decides; the same applies to limits on the number and the names of members.
 * Read-only members are left out. `siblings`: keywords beside a `$ref` count.
 */
export function createSpread(
  references: References,
  hidden: Hidden,
  siblings: boolean,
): (schema: unknown) => Spread | null {
  const done = new Map<unknown, Spread | null>();
  return (schema) => {
    const { value } = references.follow(schema, (reference) => Object.keys(reference).length === 1);
    const known = done.get(value);
    const spread = known === undefined ? spreadOf(value, references, hidden, siblings) : known;
    done.set(value, spread);
    return spread;
  };
}

function spreadOf(schema: unknown, references: References, hidden: Hidden, siblings: boolean): Spread | null {
  const parts = partsOf(schema, references, siblings);
  const members = membersOf(parts, references);
  const rests = parts.flatMap(({ additionalProperties: rest }) => (rest === undefined ? [] : [rest]));
  const rest = rests.includes(false) || rests.length === 0 ? false : rests.length === 1 ? rests[0] : true;
  const isObject = members.length > 0 || rests.includes(false);
  if (!isObject || !parts.every((part) => isPlain(part))) {
    return null;
  }
  const properties = new Map<string, unknown>();
  for (const [name, all] of Map.groupBy(members, ([name]) => name)) {
    const schemas = all.map(([, property]) => property);
    if (!schemas.some((property) => hidden.isHidden(property))) {
      properties.set(name, schemas.length === 1 ? schemas[0] : { allOf: schemas });
    }
  }
  const required = new Set(parts.flatMap((part) => stringsOf(part.required)));
  return { properties, required, rest };
}

function membersOf(parts: readonly Node[], references: References): [string, unknown][] {
  const members: [string, unknown][] = [];
  for (const part of parts) {
    for (const member of Object.entries(nodeOf(part.properties))) {
      members.push(member);
    }
    if (members.length > MAX_MEMBERS) {
      throw tooLarge();
    }
  }
  references.spend(MEMBER_STEPS * members.length);
  return members;
}

/** The schema, what it refers to, and the parts of their `allOf`, each once. */
function partsOf(schema: unknown, references: References, siblings: boolean): Node[] {
  const parts: Node[] = [];
  const left = [schema];
  const seen = new Set<unknown>();
  while (left.length > 0) {
    const next = left.pop();
    if (seen.has(next) || !isNode(next)) {
      continue;
    }
    seen.add(next);
    references.spend(1);
    const isReference = typeof next.$ref === 'string';
    if (!isReference || siblings) {
      parts.push(next);
      for (const part of arrayOf(next.allOf).toReversed()) {
        left.push(part);
      }
    }
    if (isReference) {
      left.push(references.at(textOf(next.$ref)).value);
    }
  }
  return parts;
}

function isPlain(part: Node): boolean {
  const types = part.type === undefined ? ['object'] : [part.type].flat();
  return (
    types.includes('object') &&
    types.every((type) => type === 'object' || type === 'null') &&
    WHOLE.every((keyword) => part[keyword] === undefined) &&
    ALTERNATIVES.every((keyword) => part[keyword] === undefined || onlyRequires(part[keyword]))
  );
}

/** `required` alone, in an alternative or after a `not`. */
const onlyRequires = (value: unknown): boolean =>
  isNode(value)
    ? Object.keys(value).every((keyword) => ['required', 'type', 'title', 'description'].includes(keyword))
    : Array.isArray(value) && value.every((alternative) => isNode(alternative) && onlyRequires(alternative));
