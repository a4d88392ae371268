import { createHash } from 'node:crypto';
import { TOOL_BYTES, tooLarge, Unusable } from './errors.ts';
import { createHidden } from './hidden.ts';
import { ANNOTATIONS, completed, mapValues, modern, RULES, xmlOf } from './keywords.ts';
import { arrayOf, followSchema, isNode, type Node, nodeOf, type References, stringsOf, textOf } from './nodes.ts';
import type { Inheritance, Subtypes } from './subtypes.ts';

/** Levels of schemas in schemas, without what references add. */
const MAX_LEVELS = 100;

/** `request` leaves out read-only properties, `xml request` keeps hints for XML; `response` leaves out write-only ones. */
export type Mode = 'request' | 'xml request' | 'response';

/** One converted schema of the document; schemas that it refers to are converted separately. */
export type Unit = {
  readonly schema: Node | boolean;
  /** Bytes of the schema as JSON. */
  readonly bytes: number;
  /** The number of nested levels of schemas. */
  readonly depth: number;
  /** The schemas that it refers to, by key (`definitionName`). */
  readonly targets: ReadonlyMap<string, Target>;
  /** What is allowed only because the document does not say it. */
  readonly warnings: readonly string[];
};

/**
 * A schema that another one refers to. `same`: the reference is for the same value. `own`: without the schemas that
 * inherit from it.
 */
type Target = { readonly value: unknown; readonly same: boolean; readonly own: boolean };

/**
 * Converts schemas, each once. `own`: the schema itself, although it stands for the schemas that inherit from it. Throws
 * Unusable, with the reason, for a schema that tools cannot use.
 */
export type Convert = (schema: unknown, own?: boolean) => Unit;

/** The rules by which the schemas of a document are read. */
export type Reading = {
  readonly references: References;
  readonly inheritance: Inheritance;
  /** Keywords beside a `$ref` count (OpenAPI 3.1). In 3.0 only a description does. */
  readonly siblings: boolean;
};

/**
 * Converts schemas of an OpenAPI document to JSON Schema 2020-12: every `$ref` becomes `#/$defs/<definitionName>`. Any
 * validator can compile the result, for any document; see `RULES` for the keywords that are left out.
 *
 * A schema that stands for those that inherit from it becomes their alternatives (`anyOf`), each with the values of the
 * discriminator that select it. A `$ref` that leads nowhere allows any value, with a warning.
 */
export function createConvert({ references, inheritance, siblings }: Reading, mode: Mode): Convert {
  const hidden = createHidden(references, mode === 'response' ? 'writeOnly' : 'readOnly');
  const done = { whole: new Map<unknown, Unit | Unusable>(), own: new Map<unknown, Unit | Unusable>() };
  const isPlainReference = (node: Node): boolean => !siblings || Object.keys(node).length === 1;

  const convert = (schema: unknown, own: boolean): Unit => {
    const targets = new Map<string, Target>();
    const warnings = new Set<string>();
    let bytes = 0;
    let deepest = 0;

    const spend = (size: number): void => {
      references.spend(1);
      bytes += size;
      if (bytes > TOOL_BYTES) {
        throw tooLarge();
      }
    };
    const enter = (depth: number): void => {
      deepest = Math.max(deepest, depth);
      if (depth > MAX_LEVELS) {
        throw new Unusable(`It has a schema that is nested deeper than ${MAX_LEVELS} levels.`);
      }
    };
    const copy = (value: unknown, depth: number): unknown => {
      enter(depth);
      spend(typeof value === 'string' ? value.length : 2);
      if (Array.isArray(value)) {
        return value.map((item) => copy(item, depth + 1));
      }
      return isNode(value)
        ? mapValues(value, (item, key) => {
            spend(key.length);
            return copy(item, depth + 1);
          })
        : value;
    };
    const reference = (ref: string, same: boolean, wantsOwn: (value: unknown) => boolean): Node => {
      const { value, pointer, problem } = followSchema(references, { $ref: ref }, isPlainReference);
      if (problem !== null) {
        warnings.add(problem);
        return {};
      }
      const isOwn = inheritance.subtypesOf(value) !== null && wantsOwn(value);
      const key = isOwn ? ownKey(`${pointer}`) : `${pointer}`;
      targets.set(key, { value, same: same || targets.get(key)?.same === true, own: isOwn });
      return { $ref: `#/$defs/${definitionName(key)}` };
    };
    const walk = (schemaHere: unknown, place: Place): unknown => {
      enter(place.depth);
      spend(2);
      if (!isNode(schemaHere)) {
        return typeof schemaHere === 'boolean' ? schemaHere : {};
      }
      const { $ref, ...beside } = schemaHere;
      if (typeof $ref === 'string') {
        const { description } = beside;
        const counts = siblings ? beside : description === undefined ? {} : { description };
        const isBase = (value: unknown): boolean => place.isPart && inheritance.inherits(schema, value);
        return { ...reference($ref, place.same, isBase), ...keywords(counts, place) };
      }
      const subtypes = own && schemaHere === schema ? null : inheritance.subtypesOf(schemaHere);
      return subtypes === null ? keywords(schemaHere, place) : alternatives(schemaHere, subtypes, place);
    };
    const alternatives = (node: Node, { propertyName, subtypes, ownValues }: Subtypes, place: Place): Node => {
      const { title, description, nullable } = node;
      const only = (values: readonly string[]): Node => ({
        properties: { [propertyName]: values.length === 1 ? { const: values[0] } : { enum: values } },
        required: [propertyName],
      });
      const chosen = subtypes.map(({ ref, own: wantsOwn, values }) => ({
        ...reference(ref, place.same, () => wantsOwn),
        ...(values === null ? {} : only(values)),
      }));
      const itself = { ...place, depth: place.depth + 1 };
      const own = ownValues.length === 0 ? [] : [{ allOf: [keywords(node, itself), only(ownValues)] }];
      const anyOf = [...chosen, ...own];
      spend(2 * anyOf.length);
      return withNull({ nullable }, { ...annotations({ title, description }), anyOf });
    };
    const keywords = (node: Node, place: Place): Node => {
      const left = new Set([...place.hidden, ...hidden.namesOf(node)]);
      const out: Record<string, unknown> = {};
      const deeper = { ...place, depth: place.depth + 1, hidden: left };
      for (const [keyword, value] of Object.entries(without(modern(node), left))) {
        const converted = RULES.get(keyword)?.(value, {
          inside: (inner) => walk(inner, { ...deeper, same: false, isPart: false, hidden: NONE }),
          same: (inner) => walk(inner, { ...deeper, isPart: false }),
          part: (inner) => walk(inner, deeper),
          copy: (any) => copy(any, deeper.depth),
        });
        if (converted !== undefined) {
          spend(keyword.length + (typeof converted === 'string' ? converted.length : 2));
          out[keyword] = converted;
        }
      }
      const discriminator = discriminatorOf(node, targets);
      const xml = mode === 'xml request' ? xmlOf(node.xml) : {};
      return withNull(node, completed({ ...out, ...xml, ...(discriminator === null ? {} : { discriminator }) }));
    };

    const top = { depth: 1, same: true, isPart: true, hidden: NONE };
    const converted = walk(schema, top) as Node | boolean;
    const length = Buffer.byteLength(JSON.stringify(converted));
    references.spend(length / 4);
    return { schema: converted, bytes: length, depth: deepest, targets, warnings: [...warnings] };
  };

  return (schema, own = false) => {
    const of = own ? done.own : done.whole;
    const known = of.get(schema) ?? attempt(() => convert(schema, own));
    of.set(schema, known);
    if (known instanceof Unusable) {
      throw known;
    }
    return known;
  };
}

/** The place of a schema in the one that is converted. */
type Place = {
  readonly depth: number;
  /** For the same value as the whole. */
  readonly same: boolean;
  /** Only `allOf` lies between it and the whole. */
  readonly isPart: boolean;
  /** Names that the schemas around it hide. */
  readonly hidden: ReadonlySet<string>;
};

/** The key of a schema without those that inherit from it; no JSON pointer begins like this. */
const ownKey = (pointer: string): string => `own ${pointer}`;

/**
 * Returns the name in `$defs` for a key: a JSON pointer, or one that stands for the schema itself without those that
 * inherit from it. It depends only on the key: the own name of a component schema if it is safe as a key, otherwise a
 * reduced name with 8 hex digits of the key's SHA-256.
 */
export function definitionName(pointer: string): string {
  const name = /^\/components\/schemas\/([A-Za-z0-9_.-]{1,100})$/.exec(pointer)?.[1];
  if (name !== undefined && !(name in {})) {
    return name;
  }
  const digest = createHash('sha256').update(pointer).digest('hex').slice(0, 8);
  const last = pointer.slice(pointer.lastIndexOf('/') + 1, pointer.lastIndexOf('/') + 51);
  return `${last.replaceAll(/[^A-Za-z0-9_.-]+/g, '_')}-${digest}`;
}

const NONE: ReadonlySet<string> = new Set();

const annotations = (node: Node): Node =>
  Object.fromEntries(Object.entries(node).filter(([, value]) => typeof value === 'string'));

function attempt(convert: () => Unit): Unit | Unusable {
  try {
    return convert();
  } catch (error) {
    if (error instanceof Unusable) {
      return error;
    }
    throw error;
  }
}

function without(node: Node, names: ReadonlySet<string>): Node {
  if (names.size === 0) {
    return node;
  }
  const properties = Object.entries(nodeOf(node.properties)).filter(([name]) => !names.has(name));
  return {
    ...node,
    ...(isNode(node.properties) ? { properties: Object.fromEntries(properties) } : {}),
    ...(Array.isArray(node.required) ? { required: stringsOf(node.required).filter((name) => !names.has(name)) } : {}),
  };
}

/** Says which alternative goes with which value; of no use, and left out, where there are no alternatives. */
function discriminatorOf(node: Node, targets: Unit['targets']): Node | null {
  const { propertyName, mapping } = nodeOf(node.discriminator);
  if (typeof propertyName !== 'string' || (arrayOf(node.oneOf).length === 0 && arrayOf(node.anyOf).length === 0)) {
    return null;
  }
  const known = Object.entries(nodeOf(mapping)).flatMap(([value, to]) => {
    const pointer = textOf(to).startsWith('#/') ? textOf(to).slice(1) : `/components/schemas/${textOf(to)}`;
    return targets.has(pointer) ? [[value, `#/$defs/${definitionName(pointer)}`]] : [];
  });
  return { propertyName, ...(known.length > 0 ? { mapping: Object.fromEntries(known) } : {}) };
}

/** `nullable` of OpenAPI 3.0. Where it stands beside alternatives, it is meant to add one more. */
function withNull(node: Node, out: Node): Node {
  if (node.nullable !== true) {
    return out;
  }
  if (['allOf', 'anyOf', 'oneOf', 'not', 'const', 'if'].some((keyword) => Object.hasOwn(out, keyword))) {
    const isNote = ([keyword]: [string, unknown]): boolean => ANNOTATIONS.includes(keyword);
    const all = Object.entries(out);
    const restricted = Object.fromEntries(all.filter((entry) => !isNote(entry)));
    return { ...Object.fromEntries(all.filter(isNote)), anyOf: [restricted, { type: 'null' }] };
  }
  return {
    ...out,
    ...(out.type === undefined ? {} : { type: [...new Set([out.type, 'null'].flat())] }),
    ...(Array.isArray(out.enum) && !out.enum.includes(null) ? { enum: [...out.enum, null] } : {}),
  };
}
