import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { JsonSchema } from '../../../src/tools/types.ts';

type Schema = Readonly<Record<string, unknown>>;
type Fullness = 'least' | 'some' | 'all';

const FORMATS: Readonly<Record<string, unknown>> = {
  'date-time': '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  time: '03:04:05Z',
  email: 'ann@example.com',
  uuid: '0b8ff6a1-9d1c-4c2a-8f5e-2a3b4c5d6e7f',
  uri: 'https://example.com/a',
  'uri-reference': 'https://example.com/a',
  url: 'https://example.com/a',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
};

/** Makes arguments that the schema of a tool allows, or null where it finds none. `random` is from 0 to 1. */
export function createMaker(
  schema: JsonSchema,
  random: () => number,
): (fullness: Fullness) => Record<string, unknown> | null {
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (fullness) => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const value = make(schema, schema, fullness, 0, random) as Record<string, unknown>;
      if (validate(value)) {
        return value;
      }
    }
    return null;
  };
}

function make(given: unknown, root: Schema, fullness: Fullness, level: number, random: () => number): unknown {
  if (typeof given !== 'object' || given === null) {
    return 'any';
  }
  const schema = merged(given as Schema, root, random, 0);
  const next = (inner: unknown): unknown => make(inner, root, level > 3 ? 'least' : fullness, level + 1, random);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  if (schema.const !== undefined) {
    return schema.const;
  }
  if (Array.isArray(schema.enum)) {
    return pick(schema.enum);
  }
  const types = [schema.type ?? (schema.properties ? 'object' : schema.items ? 'array' : 'string')].flat() as string[];
  switch (types.find((type) => type !== 'null') ?? 'null') {
    case 'object': {
      const properties = (schema.properties ?? {}) as Schema;
      const required = (schema.required ?? []) as string[];
      const chosen = Object.keys(properties).filter(
        (name) => required.includes(name) || isChosen(fullness, level, random),
      );
      const needed = new Set([...required, ...chosen]);
      const dependent = (schema.dependentRequired ?? {}) as Record<string, string[]>;
      for (const name of needed) {
        for (const other of dependent[name] ?? []) {
          needed.add(other);
        }
      }
      return Object.fromEntries(
        [...needed].map((name) => [
          name,
          next(Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties),
        ]),
      );
    }
    case 'array': {
      const least = Number(schema.minItems ?? 0);
      const count = Math.max(least, level > 4 ? least : 1);
      const items = Array.from({ length: count }, () => next(schema.items));
      return schema.uniqueItems === true
        ? [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
        : items;
    }
    case 'integer':
      return Math.ceil(numberOf(schema));
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return random() > 0.5;
    case 'null':
      return null;
    default:
      return textOf(schema, random);
  }
}

function isChosen(fullness: Fullness, level: number, random: () => number): boolean {
  return fullness === 'all' ? level < 4 : fullness === 'some' && level < 4 && random() < 0.5;
}

function numberOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema): number {
  const least = Number(minimum ?? (exclusiveMinimum === undefined ? (maximum ?? 1) : Number(exclusiveMinimum) + 1));
  const most = Number(maximum ?? (exclusiveMaximum === undefined ? least : Number(exclusiveMaximum) - 1));
  const step = Number(multipleOf ?? 0);
  return step > 0 ? Math.ceil(Math.min(least, most) / step) * step : Math.min(Math.max(least, Math.min(1, most)), most);
}

function textOf(schema: Schema, random: () => number): unknown {
  const [example] = (schema.examples ?? []) as unknown[];
  const least = Number(schema.minLength ?? 0);
  if (typeof schema.pattern === 'string') {
    if (typeof example === 'string') {
      return example;
    }
    const seed = Math.floor(random() * 1_000_000);
    const samples = fc.sample(fc.stringMatching(new RegExp(schema.pattern, 'u')), { numRuns: 20, seed });
    return samples.find((text) => text.length >= least && text.length <= Number(schema.maxLength ?? 200)) ?? samples[0];
  }
  const known = FORMATS[String(schema.format)];
  return (
    known ??
    (schema.contentEncoding === 'base64'
      ? 'aGVsbG8='
      : 'text'.padEnd(least, 'x').slice(0, Number(schema.maxLength ?? 1_000)))
  );
}

/** A schema with its references, parts and one of its alternatives in one. */
function merged(schema: Schema, root: Schema, random: () => number, level: number): Schema {
  if (level > 12) {
    return schema;
  }
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const alternatives = (anyOf ?? oneOf ?? []) as Schema[];
  const real = alternatives.filter((one) => (one as Schema).type !== 'null');
  const parts = [
    ...(typeof $ref === 'string'
      ? [((root.$defs ?? {}) as Record<string, Schema>)[$ref.slice('#/$defs/'.length)] ?? {}]
      : []),
    ...((allOf ?? []) as Schema[]),
    ...(real.length > 0 ? [real[Math.floor(random() * real.length)] as Schema] : []),
  ].map((part) => merged(typeof part === 'object' ? part : {}, root, random, level + 1));
  const all: Record<string, unknown> = {};
  for (const part of [...parts, own]) {
    const before = (all.properties ?? {}) as Schema;
    const now = (part.properties ?? {}) as Schema;
    const both = Object.entries(now).map(([name, one]) => [
      name,
      Object.hasOwn(before, name) ? { allOf: [before[name], one] } : one,
    ]);
    const required = new Set([...((all.required ?? []) as string[]), ...((part.required ?? []) as string[])]);
    const hasProperties = all.properties !== undefined || part.properties !== undefined;
    Object.assign(all, part);
    if (hasProperties) {
      all.properties = { ...before, ...Object.fromEntries(both) };
    }
    if (required.size > 0) {
      all.required = [...required];
    }
  }
  return all;
}
