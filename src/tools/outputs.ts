import { Unusable } from './errors.ts';
import { loosen } from './loosen.ts';
import { arrayOf, isNode, type Node, nodeOf, type References } from './nodes.ts';
import type { Convert } from './schema.ts';
import { definitionsOf } from './schema-definitions.ts';
import type { JsonSchema } from './types.ts';

/** The output schema of a tool, and its size in bytes as JSON. */
export type Output = { readonly schema: JsonSchema; readonly bytes: number };

/**
 * Returns the `outputSchema` of a tool: the loose schema of its 2xx answers, if all are the same JSON object. Otherwise,
 * and if the schema is unusable, returns null: a tool works without one.
 */
export function outputOf(references: References, convert: Convert, responses: unknown): Output | null {
  try {
    const answers = Object.entries(nodeOf(responses)).filter(([status]) => /^2(\d\d|XX)$/.test(status));
    const units = answers.map(([, answer]) => {
      const schema = jsonSchemaOf(references, answer);
      return isObject(references, schema) ? convert(plain(references, schema)) : null;
    });
    const [first] = units;
    if (first === undefined || first === null || !isNode(first.schema)) {
      return null;
    }
    if (units.some((unit) => unit !== first && JSON.stringify(unit?.schema) !== JSON.stringify(first.schema))) {
      return null;
    }
    const { schemas: $defs } = definitionsOf(references, convert, [first]);
    const schema = loosen({ ...first.schema, $defs });
    const bytes = Buffer.byteLength(JSON.stringify(schema));
    references.spend(bytes / 16);
    return { schema, bytes };
  } catch (error) {
    if (error instanceof Unusable) {
      return null;
    }
    throw error;
  }
}

/** Returns the statuses of redirects among the answers of an operation, as the document writes them. */
export const redirectsOf = (responses: unknown): string[] =>
  Object.keys(nodeOf(responses)).filter((status) => /^3(?:0[12378]|XX)$/.test(status));

function jsonSchemaOf(references: References, answer: unknown): unknown {
  const content = Object.entries(nodeOf(nodeOf(references.follow(answer).value).content));
  const json = content.find(([mediaType]) => /^[^;]*[/+]json\s*(;|$)/i.test(mediaType));
  return nodeOf(json?.[1]).schema;
}

/** A schema that is nothing but a reference is replaced by its target: clients look for `properties` at the top. */
const plain = (references: References, schema: unknown): unknown =>
  references.follow(schema, (reference) => Object.keys(reference).length === 1).value;

/** Levels of parts, references included, that are looked at for whether an answer is an object. */
const MAX_LEVELS = 100;

/**
 * Whether every value that the schema allows is an object. `known`: what is found, or being looked at. Throws Unusable
 * for parts in more than 100 levels.
 */
function isObject(references: References, schema: unknown, known = new Map<unknown, boolean>(), level = 0): boolean {
  if (level > MAX_LEVELS) {
    throw new Unusable(`It has an answer that is nested deeper than ${MAX_LEVELS} levels.`);
  }
  const node = references.follow(schema).value;
  const found = known.get(node);
  references.spend(1);
  if (found === undefined) {
    known.set(node, false);
    known.set(node, isNode(node) && node.nullable !== true && allowsObjectsOnly(references, node, known, level));
  }
  return known.get(node) === true;
}

function allowsObjectsOnly(references: References, node: Node, known: Map<unknown, boolean>, level: number): boolean {
  const each = (keyword: string): readonly unknown[] => arrayOf(node[keyword]);
  const isOne = (part: unknown): boolean => isObject(references, part, known, level + 1);
  if (node.type !== undefined) {
    const types = [node.type].flat();
    return types.length > 0 && types.every((type) => type === 'object');
  }
  return (
    isNode(node.properties) ||
    each('allOf').some(isOne) ||
    ['oneOf', 'anyOf'].some((keyword) => each(keyword).length > 0 && each(keyword).every(isOne))
  );
}
