import { type Document, resolve } from '../contract/document.ts';
import type { DocsSchema } from './document.ts';

/** One value inside a body: its path (`data.servers[].name`), its type and its meaning. */
export type Field = {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
};

/** Returns every value inside a body, outer ones first. A recursive schema is named, not repeated. */
export function fieldsOf(document: Document, schema: DocsSchema): Field[] {
  return inside(document, schema, '', []);
}

/** Describes the type of a value in words, with its limits and its default. */
export function typeOf(document: Document, reference: DocsSchema): string {
  const schema = follow(document, reference);
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) {
    return variants.map((variant) => typeOf(document, variant)).join(' or ');
  }
  return [kind(document, schema), ...limits(schema)].join(', ');
}

/** A reference with what stands beside it: a default there wins over the one of the schema that it names. */
const follow = (document: Document, schema: DocsSchema): DocsSchema =>
  schema.$ref === undefined ? schema : { ...resolve<DocsSchema>(document, schema), ...schema };

function inside(document: Document, reference: DocsSchema, path: string, above: readonly string[]): Field[] {
  if (reference.$ref !== undefined && above.includes(reference.$ref)) {
    return [];
  }
  const around = reference.$ref === undefined ? above : [...above, reference.$ref];
  const schema = follow(document, reference);
  const field = (name: string, member: DocsSchema, required: boolean): Field[] => {
    const at = path === '' || name.startsWith('[') ? `${path}${name}` : `${path}.${name}`;
    const { description = '' } = follow(document, member);
    return [
      { path: at, type: typeOf(document, member), required, description },
      ...inside(document, member, at, around),
    ];
  };
  const { properties = {}, required = [], additionalProperties, items } = schema;
  return [
    ...[...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap((part) =>
      inside(document, part, path, around),
    ),
    ...Object.entries(properties).flatMap(([name, member]) => field(name, member, required.includes(name))),
    ...(typeof additionalProperties === 'object' ? field('*', additionalProperties, false) : []),
    // Of an array of plain values its own line says everything.
    ...(items === undefined ? [] : inside(document, items, `${path}[]`, around)),
  ];
}

function kind(document: Document, schema: DocsSchema): string {
  if (schema.const !== undefined) {
    return `always ${code(schema.const)}`;
  }
  if (schema.enum !== undefined) {
    return `one of ${schema.enum.map(code).join(', ')}`;
  }
  if (schema.items !== undefined) {
    const item = typeOf(document, schema.items);
    return `array of ${item.includes(' ') ? `(${item})` : item}`;
  }
  const types = [schema.type ?? (schema.properties === undefined ? 'any' : 'object')].flat();
  return types.join(' or ');
}

function limits(schema: DocsSchema): string[] {
  const { format, pattern, uniqueItems, readOnly, writeOnly } = schema;
  return [
    ...(format === undefined ? [] : [`format ${code(format)}`]),
    ...(schema.minLength === 1 && schema.maxLength === undefined
      ? ['not empty']
      : range(schema.minLength, schema.maxLength, ' characters')),
    ...range(schema.minimum, schema.maximum, ''),
    ...range(schema.minItems, schema.maxItems, ' items'),
    ...range(undefined, schema.maxProperties, ' keys'),
    ...(uniqueItems === true ? ['no two equal'] : []),
    ...(pattern === undefined ? [] : [`pattern ${code(pattern)}`]),
    ...(schema.default === undefined ? [] : [`default ${code(schema.default)}`]),
    ...(readOnly === true ? ['read only'] : []),
    ...(writeOnly === true ? ['write only'] : []),
  ];
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least === undefined && most === undefined) {
    return [];
  }
  if (most === undefined) {
    return [`${least}${unit} or more`];
  }
  if (least === undefined) {
    return [`at most ${most}${unit}`];
  }
  return [least === most ? `${most}${unit}` : `${least} to ${most}${unit}`];
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
