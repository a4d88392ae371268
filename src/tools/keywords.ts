import { canonicalJson } from '../base/canonical-json.ts';
import { isNode, type Node, nodeOf, stringsOf } from './nodes.ts';

/** The kind of a keyword's value, for the walk that copies it. */
export type Walk = {
  /** A schema for a value inside the current value. */
  readonly inside: (schema: unknown) => unknown;
  /** A schema for the same value. */
  readonly same: (schema: unknown) => unknown;
  /** One of the schemas that the same value must satisfy together. */
  readonly part: (schema: unknown) => unknown;
  /** Any JSON value. */
  readonly copy: (value: unknown) => unknown;
};

/** The value of the keyword in JSON Schema 2020-12, or undefined where the document's value means nothing there. */
type Rule = (value: unknown, walk: Walk) => unknown;

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

const text: Rule = (value) => (typeof value === 'string' ? value : undefined);
const flag: Rule = (value) => (typeof value === 'boolean' ? value : undefined);
const number: Rule = (value) => (Number.isFinite(value) ? value : undefined);
const count: Rule = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined);
const any: Rule = (value, walk) => walk.copy(value);
const anyOfThese: Rule = (value, walk) => (Array.isArray(value) && value.length > 0 ? walk.copy(value) : undefined);
const names: Rule = (value) => (Array.isArray(value) ? [...new Set(stringsOf(value))] : undefined);
const inside: Rule = (value, walk) => (isSchema(value) ? walk.inside(value) : undefined);
const same: Rule = (value, walk) => (isSchema(value) ? walk.same(value) : undefined);
const list =
  (each: 'inside' | 'same' | 'part'): Rule =>
  (value, walk) =>
    Array.isArray(value) && value.length > 0 ? value.map((schema) => walk[each](schema)) : undefined;
const map =
  (each: 'inside' | 'same'): Rule =>
  (value, walk) =>
    isNode(value) ? mapValues(value, (schema) => walk[each](schema)) : undefined;

/**
 * The keywords of tools. All others are left out: keywords that only documentation tools read (`xml`, `externalDocs`,
 * `x-…`), keywords that would change the target of references (`$id`, `$anchor`, `$defs`, `$dynamicRef`; without the
 * last a schema allows more), and keywords with a value that JSON Schema does not allow.
 */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['type', typeRule],
  ['title', text],
  ['description', text],
  ['format', text],
  ['contentEncoding', text],
  ['contentMediaType', text],
  ['$comment', text],
  ['default', any],
  ['const', any],
  ['enum', (value, walk) => withoutDuplicates(anyOfThese(value, walk))],
  ['examples', anyOfThese],
  ['deprecated', flag],
  ['readOnly', flag],
  ['writeOnly', flag],
  ['uniqueItems', flag],
  ['minimum', number],
  ['maximum', number],
  ['exclusiveMinimum', number],
  ['exclusiveMaximum', number],
  ['multipleOf', (value, walk) => (typeof value === 'number' && value > 0 ? number(value, walk) : undefined)],
  ['minLength', count],
  ['maxLength', count],
  ['minItems', count],
  ['maxItems', count],
  ['minContains', count],
  ['maxContains', count],
  ['minProperties', count],
  ['maxProperties', count],
  ['pattern', (value) => (typeof value === 'string' && isPattern(value) ? value : undefined)],
  ['x-pattern', text],
  ['required', names],
  [
    'dependentRequired',
    (value, walk) => (isNode(value) ? mapValues(value, (each) => names(each, walk) ?? []) : undefined),
  ],
  ['properties', map('inside')],
  ['patternProperties', (value, walk) => map('inside')(withPatterns(value), walk)],
  ['additionalProperties', inside],
  ['unevaluatedProperties', inside],
  ['propertyNames', inside],
  ['items', inside],
  ['prefixItems', list('inside')],
  ['unevaluatedItems', inside],
  ['contains', inside],
  ['allOf', list('part')],
  ['anyOf', list('same')],
  ['oneOf', list('same')],
  ['not', same],
  ['if', same],
  ['then', same],
  ['else', same],
  ['dependentSchemas', map('same')],
]);

/**
 * Adds the parts that a schema lacks for its clients: `items` of a list, without which some clients refuse all tools; and
 * the properties that a closed object requires without naming them, without which no value is valid.
 */
export function completed(schema: Node): Node {
  const { type, items, prefixItems, required, properties, patternProperties, additionalProperties } = schema;
  const isList = [type].flat().includes('array') && items === undefined && prefixItems === undefined;
  const named = nodeOf(properties);
  const unnamed =
    additionalProperties === false && patternProperties === undefined
      ? stringsOf(required).filter((name) => !Object.hasOwn(named, name))
      : [];
  return {
    ...schema,
    ...(isList ? { items: {} } : {}),
    ...(unnamed.length > 0
      ? { properties: Object.fromEntries([...Object.entries(named), ...unnamed.map((name) => [name, {}])]) }
      : {}),
  };
}

/** Keywords that describe a schema without restricting it. */
export const ANNOTATIONS: readonly string[] = ['title', 'description', 'default', 'examples', 'deprecated'];

/**
 * Converts keywords of OpenAPI 3.0 with another meaning in 2020-12: boolean `exclusive…`, `example`, `format: binary`
 * and `byte`, and patterns that 2020-12 cannot read (kept as `x-pattern`, which nothing checks; properties that such a
 * pattern names are allowed like any other).
 */
export function modern(schema: Node): Node {
  const { minimum, maximum, example, ...rest } = schema;
  const out: Record<string, unknown> = { ...rest };
  for (const [limit, exclusive, value] of [
    ['minimum', 'exclusiveMinimum', minimum],
    ['maximum', 'exclusiveMaximum', maximum],
  ] as const) {
    if (schema[exclusive] === true) {
      out[exclusive] = value;
    } else if (value !== undefined) {
      out[limit] = value;
    }
  }
  if (example !== undefined && !Array.isArray(schema.examples)) {
    out.examples = [example];
  }
  if (schema.format === 'binary' || schema.format === 'byte') {
    delete out.format;
    out.contentEncoding = 'base64';
  }
  if (typeof schema.pattern === 'string' && !isPattern(schema.pattern)) {
    out['x-pattern'] = schema.pattern;
  }
  if (!Object.keys(nodeOf(schema.patternProperties)).every(isPattern)) {
    delete out.additionalProperties;
    delete out.unevaluatedProperties;
  }
  return out;
}

/** The hints for XML of a schema (OpenAPI 3.1.1, "XML Object"), under their keyword. */
export function xmlOf(xml: unknown): Node {
  const hints = Object.entries(nodeOf(xml)).filter(
    ([hint, value]) => XML_HINTS.includes(hint) && ['string', 'boolean'].includes(typeof value),
  );
  return hints.length === 0 ? {} : { xml: Object.fromEntries(hints) };
}

const XML_HINTS = ['name', 'namespace', 'prefix', 'attribute', 'wrapped'];

/** Whether a value is a JSON Schema: an object or a boolean. */
export const isSchema = (value: unknown): boolean => isNode(value) || typeof value === 'boolean';

/** `Object.fromEntries` defines its keys, so `__proto__` is a key like any other. */
export const mapValues = (node: Node, each: (value: unknown, key: string) => unknown): Node =>
  Object.fromEntries(Object.entries(node).map(([key, value]) => [key, each(value, key)]));

/** Clients refuse an `enum` that holds a value twice. */
function withoutDuplicates(values: unknown): unknown {
  return Array.isArray(values) ? [...new Map(values.map((value) => [canonicalJson(value), value])).values()] : values;
}

function typeRule(value: unknown): unknown {
  if (!Array.isArray(value)) {
    return TYPES.includes(value as string) ? value : undefined;
  }
  const types = [...new Set(value)].filter((type) => TYPES.includes(type));
  return types.length === 0 ? undefined : types;
}

const withPatterns = (value: unknown): unknown =>
  isNode(value) ? Object.fromEntries(Object.entries(value).filter(([pattern]) => isPattern(pattern))) : value;

/** Reads a pattern without ever running it. */
function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').source !== '';
  } catch {
    return false;
  }
}
