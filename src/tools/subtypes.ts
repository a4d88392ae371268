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
  const parents: unknown[] = [];
  // Not by recursion: a document can nest them deeper than the stack.
  const left: unknown[] = [...arrayOf(schema.allOf)];
  for (const part of left) {
    references.spend(1);
    if (isNode(part) && typeof part.$ref !== 'string') {
      left.push(...arrayOf(part.allOf));
    } else {
      parents.push(followSchema(references, part).value);
    }
  }
  return parents.filter(isNode);
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
  const byValue = new Map(components.map((component) => [component.value as unknown, component]));
  for (const { ref, target, value } of mapped) {
    if (target !== base && !found.has(target)) {
      const component = byValue.get(target);
      found.set(target, { ref: component?.ref ?? ref, name: component?.name ?? value, own: true });
    }
  }
  if (found.size === 0) {
    return null;
  }
  const allowed = stringsOf(propertyOf(references, base, property).enum);
  const values = { all: new Set(allowed), byPlain: Map.groupBy(allowed, plain) };
  const byTarget = Map.groupBy(mapped, ({ target }) => target as unknown);
  const subtypes = [...found].map(([target, { ref, name, own }]) => {
    const stated = (byTarget.get(target) ?? []).map(({ value }) => value);
    return { ref, own, values: valuesOf(references, target as Node, property, name, stated, values) };
  });
  const pinned = subtypes.every(({ values }) => values !== null)
    ? new Set(subtypes.flatMap(({ values }) => values ?? []))
    : null;
  const ownValues = mapped.filter(({ target }) => target === base).map(({ value }) => value);
  const others = pinned === null ? [] : allowed.filter((value) => !pinned.has(value));
  return { propertyName: property, subtypes, ownValues: [...new Set([...ownValues, ...others])] };
}

/** The values that a discriminator can have by its `enum`, and by how they are compared with names. */
type Allowed = { readonly all: ReadonlySet<string>; readonly byPlain: ReadonlyMap<string, readonly string[]> };

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The values that select a schema: of the mapping, or else its own name; null where the schema says it itself. */
function valuesOf(
  references: References,
  schema: Node,
  property: string,
  name: string,
  stated: readonly string[],
  allowed: Allowed,
): readonly string[] | null {
  if (stated.length > 0) {
    const possible = allowed.all.size === 0 ? stated : stated.filter((value) => allowed.all.has(value));
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
  return allowed.all.size === 0 ? [name] : (allowed.byPlain.get(plain(name)) ?? null);
}

function propertyOf(references: References, schema: Node, name: string): Node {
  const properties = nodeOf(schema.properties);
  return Object.hasOwn(properties, name) ? nodeOf(followSchema(references, properties[name]).value) : {};
}
