import { createHash } from 'node:crypto';
import { TOOL_BYTES, tooLarge, Unusable } from './errors.ts';
import { createHidden } from './hidden.ts';
import { ANNOTATIONS, isSchema, mapValues, modern, RULES } from './keywords.ts';
import { arrayOf, isNode, type Node, nodeOf, type References, stringsOf, textOf } from './nodes.ts';

/** Levels of schemas in schemas, without what references add. */
const MAX_LEVELS = 100;

/** `request` leaves out read-only properties; `response` leaves out write-only ones. */
export type Mode = 'request' | 'response';

/** One converted schema of the document; schemas that it refers to are converted separately. */
export type Unit = {
  readonly schema: Node | boolean;
  /** Bytes of the schema as JSON. */
  readonly bytes: number;
  /** The number of nested levels of schemas. */
  readonly depth: number;
  /** The schemas that it refers to, by JSON pointer. `same`: the reference is for the same value. */
  readonly targets: ReadonlyMap<string, { readonly value: unknown; readonly same: boolean }>;
};

/** Converts schemas, each once. Throws Unusable, with the reason, for a schema that tools cannot use. */
export type Convert = (schema: unknown) => Unit;

/**
 * Converts schemas of an OpenAPI document to JSON Schema 2020-12: every `$ref` becomes `#/$defs/<definitionName>`. Any
 * validator can compile the result, for any document; see `RULES` for the keywords that are left out.
 *
 * `siblings`: keywords beside a `$ref` count (OpenAPI 3.1). In 3.0 only a description does.
 */
export function createConvert(references: References, mode: Mode, siblings: boolean): Convert {
  const hidden = createHidden(references, mode === 'request' ? 'readOnly' : 'writeOnly');
  const done = new Map<unknown, Unit | Unusable>();
  const isPlainReference = (node: Node): boolean => !siblings || Object.keys(node).length === 1;

  const convert = (schema: unknown): Unit => {
    const targets = new Map<string, { value: unknown; same: boolean }>();
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
    const reference = (ref: string, same: boolean): Node => {
      const { value, pointer } = references.follow({ $ref: ref }, isPlainReference);
      if (pointer === null || !isSchema(value)) {
        throw new Unusable(`It uses \`${ref}\`, which is not a schema.`);
      }
      targets.set(pointer, { value, same: same || targets.get(pointer)?.same === true });
      return { $ref: `#/$defs/${definitionName(pointer)}` };
    };
    const walk = (schemaHere: unknown, depth: number, same: boolean, hiddenAbove: ReadonlySet<string>): unknown => {
      enter(depth);
      spend(2);
      if (!isNode(schemaHere)) {
        return typeof schemaHere === 'boolean' ? schemaHere : {};
      }
      const { $ref, ...beside } = schemaHere;
      if (typeof $ref === 'string') {
        const { description } = beside;
        const counts = siblings ? beside : description === undefined ? {} : { description };
        return { ...reference($ref, same), ...keywords(counts, depth, same, hiddenAbove) };
      }
      return keywords(schemaHere, depth, same, hiddenAbove);
    };
    const keywords = (node: Node, depth: number, same: boolean, hiddenAbove: ReadonlySet<string>): Node => {
      const left = new Set([...hiddenAbove, ...hidden.namesOf(node)]);
      const out: Record<string, unknown> = {};
      for (const [keyword, value] of Object.entries(without(modern(node), left))) {
        const converted = RULES.get(keyword)?.(value, {
          inside: (schema) => walk(schema, depth + 1, false, NONE),
          same: (schema) => walk(schema, depth + 1, same, left),
          copy: (any) => copy(any, depth + 1),
        });
        if (converted !== undefined) {
          spend(keyword.length + (typeof converted === 'string' ? converted.length : 2));
          out[keyword] = converted;
        }
      }
      const discriminator = discriminatorOf(node, targets);
      return withNull(node, discriminator === null ? out : { ...out, discriminator });
    };

    const converted = walk(schema, 1, true, NONE) as Node | boolean;
    const length = Buffer.byteLength(JSON.stringify(converted));
    references.spend(length / 4);
    return { schema: converted, bytes: length, depth: deepest, targets };
  };

  return (schema) => {
    const known = done.get(schema) ?? attempt(() => convert(schema));
    done.set(schema, known);
    if (known instanceof Unusable) {
      throw known;
    }
    return known;
  };
}

/**
 * Returns the name in `$defs` for a JSON pointer. It depends only on the pointer: the own name of a component schema if
 * it is safe as a key, otherwise a reduced name with 8 hex digits of the pointer's SHA-256.
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
