import { tooLarge } from './errors.ts';
import type { Hidden } from './hidden.ts';
import { arrayOf, followSchema, isNode, type Node, nodeOf, type References, stringsOf } from './nodes.ts';
import type { Reading } from './schema.ts';

/** A tool with more arguments than that is too large in any case. */
const MAX_MEMBERS = 10_000;
/** Steps that a member is worth: it is kept for as long as the document is read. */
const MEMBER_STEPS = 8;

/** The members of an object body, each with one schema. */
export type Spread = {
  readonly properties: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<string>;
  /** Members that must be there when another one is: `dependentRequired` of the document. */
  readonly dependent: ReadonlyMap<string, readonly string[]>;
  /** The schema of additional members; false if the document refuses them. */
  readonly rest: unknown;
  /** Parts that allow anything because the document does not have them. */
  readonly warnings: readonly string[];
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
 * Read-only members are left out. As in JSON Schema, members without a schema are allowed where no part refuses them, and
 * a member that is required without a schema may have any value. A body that stands for the schemas that inherit from it
 * stays one value, too.
 */
export function createSpread(reading: Reading, hidden: Hidden): (schema: unknown) => Spread | null {
  const done = new Map<unknown, Spread | null>();
  return (schema) => {
    const { value } = followSchema(reading.references, schema, (reference) => Object.keys(reference).length === 1);
    const known = done.get(value);
    const spread = known === undefined ? spreadOf(value, reading, hidden) : known;
    done.set(value, spread);
    return spread;
  };
}

function spreadOf(schema: unknown, reading: Reading, hidden: Hidden): Spread | null {
  const { references } = reading;
  const { parts, warnings, isWhole } = partsOf(schema, reading);
  const members = membersOf(parts, references);
  const rests = parts.flatMap((part) =>
    [part.additionalProperties, part.unevaluatedProperties].filter((rest) => rest !== undefined),
  );
  const rest = rests.includes(false) ? false : rests.length === 1 ? rests[0] : true;
  const isObject = members.length > 0 || rests.includes(false);
  if (isWhole || !isObject || !parts.every((part) => isPlain(part))) {
    return null;
  }
  const properties = new Map<string, unknown>();
  const left = new Set<string>();
  for (const [name, all] of Map.groupBy(members, ([name]) => name)) {
    const schemas = all.map(([, property]) => property);
    if (schemas.some((property) => hidden.isHidden(property))) {
      left.add(name);
    } else {
      properties.set(name, schemas.length === 1 ? schemas[0] : { allOf: schemas });
    }
  }
  const required = new Set(parts.flatMap((part) => stringsOf(part.required)).filter((name) => !left.has(name)));
  for (const name of required) {
    if (!properties.has(name)) {
      properties.set(name, typeof rest === 'boolean' ? {} : rest);
    }
  }
  references.spend(MEMBER_STEPS * required.size);
  return { properties, required, dependent: dependentOf(parts, left), rest, warnings };
}

function dependentOf(parts: readonly Node[], left: ReadonlySet<string>): Map<string, string[]> {
  const dependent = new Map<string, string[]>();
  for (const [name, others] of parts.flatMap((part) => Object.entries(nodeOf(part.dependentRequired)))) {
    const wanted = stringsOf(others).filter((other) => !left.has(other));
    if (!left.has(name) && wanted.length > 0) {
      dependent.set(name, [...(dependent.get(name) ?? []), ...wanted]);
    }
  }
  return dependent;
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

/**
 * The schema, what it refers to, and the parts of their `allOf`, each once. `isWhole`: one of them stands for the schemas
 * that inherit from it.
 */
function partsOf(
  schema: unknown,
  { references, inheritance, siblings }: Reading,
): { readonly parts: Node[]; readonly warnings: string[]; readonly isWhole: boolean } {
  const parts: Node[] = [];
  const warnings: string[] = [];
  const left = [schema];
  const seen = new Set<unknown>();
  let isWhole = false;
  while (left.length > 0) {
    const next = left.pop();
    if (seen.has(next) || !isNode(next)) {
      continue;
    }
    seen.add(next);
    references.spend(1);
    isWhole ||= inheritance.subtypesOf(next) !== null && !inheritance.inherits(schema, next);
    const isReference = typeof next.$ref === 'string';
    if (!isReference || siblings) {
      parts.push(next);
      for (const part of arrayOf(next.allOf).toReversed()) {
        left.push(part);
      }
    }
    if (isReference) {
      const { value, problem } = followSchema(references, next, (reference) => reference === next);
      left.push(value);
      warnings.push(...(problem === null ? [] : [problem]));
    }
  }
  return { parts, warnings, isWhole };
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
