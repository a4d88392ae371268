import { isObject } from '../base/is-object.ts';
import { isRawNumber, parseJson } from '../base/json.ts';
import { arrayOf, isNode, type Node, nodeOf } from './nodes.ts';
import type { JsonSchema } from './types.ts';

/** Levels of a value that are looked at. */
const MAX_LEVELS = 100;

type Members = Readonly<Record<string, unknown>>;

/**
 * Parses texts of JSON in arguments where the schema allows no text: some models write lists, objects and numbers as
 * texts. A text that is not JSON of an allowed type stays. No pattern is executed. Numbers keep their digits.
 */
export function parseStringified(schema: JsonSchema, args: Members): Members {
  const read = createReader(nodeOf(schema.$defs));

  const parsed = (of: unknown, value: unknown, level: number): unknown => {
    if (!isNode(of) || level > MAX_LEVELS) {
      return value;
    }
    if (typeof value === 'string') {
      return parsedText(of, value, level);
    }
    if (Array.isArray(value)) {
      const items = read.partsOf(of).find((part) => isNode(part.items))?.items;
      const after = value.map((item) => parsed(items, item, level + 1));
      return after.every((item, index) => item === value[index]) ? value : after;
    }
    return isObject(value) ? parsedMembers(of, value, level) : value;
  };
  const parsedText = (of: Node, text: string, level: number): unknown => {
    const types = read.typesOf(of);
    if (types === null || types.has('string')) {
      return text;
    }
    const found = parseJson(text);
    return found !== undefined && types.has(typeOf(found)) ? parsed(of, found, level + 1) : text;
  };
  const parsedMembers = (of: Node, value: Members, level: number): Members => {
    const parts = read.partsOf(of);
    const rest = parts.find((part) => isNode(part.additionalProperties))?.additionalProperties;
    const members = Object.entries(value).map(([name, member]) => {
      const own = parts.find(({ properties }) => isNode(properties) && Object.hasOwn(properties, name));
      return [name, parsed(own === undefined ? rest : nodeOf(own.properties)[name], member, level + 1)] as const;
    });
    return members.every(([name, member]) => member === value[name]) ? value : Object.fromEntries(members);
  };
  return parsedMembers(schema, args, 0);
}

/** Types of JSON Schema; null for any. */
type Types = ReadonlySet<string> | null;

/** Looks each schema up once, however many values it is for. */
function createReader(definitions: Node): {
  readonly partsOf: (schema: Node) => readonly Node[];
  readonly typesOf: (schema: unknown) => Types;
} {
  const parts = new Map<Node, readonly Node[]>();
  const types = new Map<Node, Types>();

  /** A schema, those that it refers to, and the parts of their `allOf`. */
  const partsOf = (schema: Node): readonly Node[] => {
    const known = parts.get(schema);
    if (known !== undefined) {
      return known;
    }
    const all = new Set<Node>([schema]);
    for (const each of all) {
      for (const part of [targetOf(each, definitions), ...arrayOf(each.allOf)].filter(isNode)) {
        all.add(part);
      }
    }
    parts.set(schema, [...all]);
    return [...all];
  };
  const typesOf = (schema: unknown): Types => {
    if (!isNode(schema)) {
      return null;
    }
    const known = types.get(schema);
    if (known !== undefined) {
      return known;
    }
    types.set(schema, null);
    const allowed = partsOf(schema).flatMap((part) => [...ownTypes(part), ...alternativesOf(part)]);
    const found = allowed.reduce(both, null);
    types.set(schema, found);
    return found;
  };
  const alternativesOf = (schema: Node): Types[] =>
    [schema.anyOf, schema.oneOf].filter(Array.isArray).map((alternatives) => {
      const each = alternatives.map(typesOf);
      return each.includes(null) ? null : new Set(each.flatMap((one) => [...(one ?? [])]));
    });
  return { partsOf, typesOf };
}

function ownTypes({ type, enum: values, ...schema }: Node): Types[] {
  const listed = [...arrayOf(values), ...(Object.hasOwn(schema, 'const') ? [schema.const] : [])];
  return [
    ...(type === undefined ? [] : [withIntegers([type].flat() as string[])]),
    ...(listed.length === 0 ? [] : [withIntegers(listed.map(typeOf))]),
  ];
}

const withIntegers = (types: readonly string[]): Types =>
  new Set(types.includes('number') ? [...types, 'integer'] : types);

const both = (a: Types, b: Types): Types =>
  a === null || b === null ? (a ?? b) : new Set([...a].filter((type) => b.has(type)));

function targetOf({ $ref }: Node, definitions: Node): unknown {
  const name = typeof $ref === 'string' ? $ref.replace('#/$defs/', '') : '';
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined;
}

function typeOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  // Only integers beyond 2^53, and numbers that JavaScript cannot hold, keep their digits.
  return isRawNumber(value) || Number.isInteger(value) ? 'integer' : typeof value;
}
