import {
  arrayOf,
  escapePointer,
  followSchema,
  isNode,
  type Node,
  nodeOf,
  type References,
  stringsOf,
  textOf,
} from './nodes.ts';

/** A schema that another one stands for, and the values of the discriminator that select it; null where any may. */
export type Subtype = {
  readonly ref: string;
  /** The schema itself, without those that inherit from it. */
  readonly own: boolean;
  readonly values: readonly string[] | null;
};

/** The schemas that a schema stands for. */
export type Subtypes = {
  readonly propertyName: string;
  readonly subtypes: readonly Subtype[];
  /** Values of the discriminator that select the schema itself. */
  readonly ownValues: readonly string[];
};

/** Finds the schemas that inherit from others. */
export type Inheritance = {
  /** The schemas that a schema stands for; null if it stands for itself. */
  readonly subtypesOf: (schema: unknown) => Subtypes | null;
  /** Whether a component inherits from a schema: through `allOf`, directly or not. */
  readonly inherits: (schema: unknown, base: unknown) => boolean;
};

/** Every schema stands for itself alone. */
export const NO_INHERITANCE: Inheritance = { subtypesOf: () => null, inherits: () => false };

/** A schema of `components.schemas`. */
type Component = { readonly name: string; readonly ref: string; readonly value: Node };

/**
 * Reads the inheritance of a document (OpenAPI 3.1.1, "Discriminator Object", and 4.8.25.2): a schema with a
 * discriminator and without alternatives of its own stands for the schemas that contain it in their `allOf`, at any
 * distance, and for those that its mapping names.
 */
export function inheritanceIn(references: References, document: Node): Inheritance {
  const schemas = Object.entries(nodeOf(nodeOf(document.components).schemas));
  if (!schemas.some(([, schema]) => isBase(schema))) {
    return NO_INHERITANCE;
  }
  const components = schemas.flatMap(([name, value]): Component[] =>
    isNode(value) && typeof value.$ref !== 'string'
      ? [{ name, ref: `#/components/schemas/${escapePointer(name)}`, value }]
      : [],
  );
  const parents = new Map(components.map(({ value }) => [value as unknown, new Set(parentsOf(references, value))]));
  const children = new Map<unknown, Component[]>();
  for (const component of components) {
    for (const parent of parents.get(component.value) ?? []) {
      const siblings = children.get(parent) ?? [];
      siblings.push(component);
      children.set(parent, siblings);
    }
  }
  const known = new Map<unknown, Subtypes | null>();
  const subtypesOf = (schema: unknown): Subtypes | null => {
    const found = known.get(schema);
    if (found !== undefined || !isBase(schema)) {
      return found ?? null;
    }
    // A schema that is asked for again while it is looked at stands for itself.
    known.set(schema, null);
    const subtypes = readSubtypes(schema, { references, components, children, subtypesOf });
    known.set(schema, subtypes);
    return subtypes;
  };
  const inherits = (schema: unknown, base: unknown): boolean => {
    const left = [...(parents.get(schema) ?? [])];
    const seen = new Set(left);
    for (const parent of left) {
      references.spend(1);
      for (const next of parents.get(parent) ?? []) {
        if (!seen.has(next)) {
          seen.add(next);
          left.push(next);
        }
      }
    }
    return seen.has(base);
  };
  return { subtypesOf, inherits };
}

const isBase = (schema: unknown): schema is Node =>
  isNode(schema) &&
  typeof nodeOf(schema.discriminator).propertyName === 'string' &&
  arrayOf(schema.oneOf).length === 0 &&
  arrayOf(schema.anyOf).length === 0;

/** The schemas that an object schema contains in its `allOf`, or in one inside of it. */
function parentsOf(references: References, schema: Node): unknown[] {
  references.spend(1);
  return arrayOf(schema.allOf).flatMap((part) =>
    isNode(part) && typeof part.$ref !== 'string'
      ? parentsOf(references, part)
      : [followSchema(references, part).value].filter(isNode),
  );
}

type Reading = {
  readonly references: References;
  readonly components: readonly Component[];
  readonly children: ReadonlyMap<unknown, readonly Component[]>;
  readonly subtypesOf: Inheritance['subtypesOf'];
};

function readSubtypes(base: Node, reading: Reading): Subtypes | null {
  const { references, components, children, subtypesOf } = reading;
  const { propertyName, mapping } = nodeOf(base.discriminator);
  const property = propertyName as string;
  const mapped = Object.entries(nodeOf(mapping)).flatMap(([value, to]) => {
    const name = textOf(to);
    const ref = name.startsWith('#/') ? name : `#/components/schemas/${escapePointer(name)}`;
    const target = followSchema(references, { $ref: ref }).value;
    return isNode(target) ? [{ value, ref, target }] : [];
  });
  const found = new Map<unknown, { readonly ref: string; readonly name: string; readonly own: boolean }>();
  const left: Component[] = [...(children.get(base) ?? [])];
  for (const { name, ref, value } of left) {
    references.spend(1);
    if (value === base || found.has(value)) {
      continue;
    }
    // What divides its subtypes by another property stands for them itself.
    const dividesItself =
      isBase(value) && nodeOf(value.discriminator).propertyName !== property && subtypesOf(value) !== null;
    found.set(value, { ref, name, own: !dividesItself });
    if (!dividesItself) {
      left.push(...(children.get(value) ?? []));
    }
  }
  for (const { ref, target, value } of mapped) {
    if (target !== base && !found.has(target)) {
      const component = components.find((each) => each.value === target);
      found.set(target, { ref: component?.ref ?? ref, name: component?.name ?? value, own: true });
    }
  }
  if (found.size === 0) {
    return null;
  }
  const allowed = stringsOf(propertyOf(references, base, property).enum);
  const subtypes = [...found].map(([target, { ref, name, own }]) => {
    const stated = mapped.filter((each) => each.target === target).map(({ value }) => value);
    return { ref, own, values: valuesOf(references, target as Node, property, name, stated, allowed) };
  });
  const pinned = subtypes.every(({ values }) => values !== null)
    ? new Set(subtypes.flatMap(({ values }) => values ?? []))
    : null;
  const ownValues = mapped.filter(({ target }) => target === base).map(({ value }) => value);
  const others = pinned === null ? [] : allowed.filter((value) => !pinned.has(value));
  return { propertyName: property, subtypes, ownValues: [...new Set([...ownValues, ...others])] };
}

/** The values that select a schema: of the mapping, or else its own name; null where the schema says it itself. */
function valuesOf(
  references: References,
  schema: Node,
  property: string,
  name: string,
  stated: readonly string[],
  allowed: readonly string[],
): readonly string[] | null {
  if (stated.length > 0) {
    const possible = allowed.length === 0 ? stated : stated.filter((value) => allowed.includes(value));
    return possible.length === 0 ? null : possible;
  }
  const extension = schema['x-ms-discriminator-value'];
  if (typeof extension === 'string') {
    return [extension];
  }
  const says = [schema, ...arrayOf(schema.allOf).filter((part) => typeof nodeOf(part).$ref !== 'string')].some(
    (part) => {
      const { enum: values, const: only } = propertyOf(references, nodeOf(part), property);
      return values !== undefined || only !== undefined;
    },
  );
  if (says) {
    return null;
  }
  if (allowed.length === 0) {
    return [name];
  }
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const near = allowed.filter((value) => plain(value) === plain(name));
  return near.length > 0 ? near : null;
}

function propertyOf(references: References, schema: Node, name: string): Node {
  const properties = nodeOf(schema.properties);
  return Object.hasOwn(properties, name) ? nodeOf(followSchema(references, properties[name]).value) : {};
}
