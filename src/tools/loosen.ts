import { mapValues } from './keywords.ts';
import { arrayOf, isNode, type Node, nodeOf } from './nodes.ts';
import type { JsonSchema } from './types.ts';

const DEFINITION = '#/$defs/';

/**
 * Returns a schema that describes the same object with names, titles and descriptions only, at any depth. Every object
 * is valid: nobody but the service can promise types, enums, formats, required names or an end of the members, and
 * clients refuse an answer that breaks a promise, although the call was carried out. `schema` is one of `createConvert`
 * with its `$defs`; definitions that are not reached any more are left out.
 */
export function loosen(schema: JsonSchema): JsonSchema {
  const { $defs, ...top } = schema;
  const definitions = nodeOf($defs);
  const reached = new Map<string, Node>();
  const left: string[] = [];
  const reach = (name: string): void => {
    if (!reached.has(name) && Object.hasOwn(definitions, name)) {
      reached.set(name, {});
      left.push(name);
    }
  };
  const root = looseOf(top, reach);
  for (const name of left) {
    reached.set(name, looseOf(definitions[name], reach));
  }
  return { ...root, type: 'object', ...(reached.size > 0 && { $defs: Object.fromEntries(reached) }) };
}

/** Calls `reach` with the name of each definition that the schema uses. */
function looseOf(schema: unknown, reach: (definition: string) => void): Node {
  const inner = (value: unknown): Node => looseOf(value, reach);
  const several = (value: unknown): Node[] => arrayOf(value).map(inner).filter(saysSomething);
  const { $ref, title, description, properties, items, additionalProperties, ...node } = nodeOf(schema);
  const out: Record<string, unknown> = {};
  if (typeof $ref === 'string' && $ref.startsWith(DEFINITION)) {
    reach($ref.slice(DEFINITION.length));
    out.$ref = $ref;
  }
  if (typeof title === 'string') {
    out.title = title;
  }
  if (typeof description === 'string') {
    out.description = description;
  }
  if (isNode(properties)) {
    out.properties = mapValues(properties, inner);
  }
  for (const [keyword, value] of Object.entries({ items, additionalProperties })) {
    const loose = isNode(value) ? inner(value) : {};
    if (saysSomething(loose)) {
      out[keyword] = loose;
    }
  }
  const all = several(node.allOf);
  // One value may match several alternatives once they are loose, which `oneOf` forbids.
  const any = [...several(node.oneOf), ...several(node.anyOf)];
  return { ...out, ...(all.length > 0 && { allOf: all }), ...(any.length > 0 && { anyOf: any }) };
}

const saysSomething = (schema: Node): boolean => Object.keys(schema).length > 0;
