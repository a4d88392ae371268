import { arrayOf, followSchema, isNode, type Node, nodeOf, type References } from './nodes.ts';

/** Finds the properties that do not belong in a request (or in an answer). */
export type Hidden = {
  /** Whether a property is marked: in its schema, in the referenced schema, or in a part of its `allOf`. */
  readonly isHidden: (schema: unknown) => boolean;
  /** The marked properties of an object schema and of the parts of its `allOf`. */
  readonly namesOf: (schema: Node) => ReadonlySet<string>;
};

/** `mark`: `readOnly` for requests, `writeOnly` for answers. */
export function createHidden(references: References, mark: 'readOnly' | 'writeOnly'): Hidden {
  const marked = new Map<unknown, boolean>();
  const own = new Map<Node, readonly string[]>();

  const isMarked = (schema: unknown): boolean => {
    const isDirectly = (value: unknown): boolean => isNode(value) && value[mark] === true;
    const known =
      marked.get(schema) ??
      (isDirectly(schema) ||
        arrayOf(nodeOf(schema).allOf).some(
          (part) => isDirectly(part) || isDirectly(followSchema(references, part).value),
        ));
    marked.set(schema, known);
    return known;
  };
  const isHidden = (schema: unknown): boolean => isMarked(schema) || isMarked(followSchema(references, schema).value);
  const nameIfHidden = ([name, property]: [string, unknown]): string[] => {
    references.spend(1);
    return isHidden(property) ? [name] : [];
  };
  const ownNames = (schema: Node): readonly string[] => {
    const known = own.get(schema) ?? Object.entries(nodeOf(schema.properties)).flatMap(nameIfHidden);
    own.set(schema, known);
    references.spend(known.length);
    return known;
  };
  const namesOf = (schema: Node): Set<string> => {
    const names = new Set(ownNames(schema));
    for (const part of arrayOf(schema.allOf)) {
      for (const name of ownNames(nodeOf(followSchema(references, part).value))) {
        names.add(name);
      }
    }
    return names;
  };
  return { isHidden, namesOf };
}
