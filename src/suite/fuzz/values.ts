import fc from 'fast-check';
import { type Document, resolve } from '../../contract/document.ts';

/** The keywords of JSON Schema that request bodies of the document use. */
type BodySchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly BodySchema[];
  readonly properties?: Readonly<Record<string, BodySchema>>;
  readonly required?: readonly string[];
  readonly readOnly?: boolean;
  readonly additionalProperties?: boolean | BodySchema;
  readonly propertyNames?: BodySchema;
  readonly maxProperties?: number;
  readonly items?: BodySchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly exclusiveMinimum?: number;
  readonly minimum?: number;
  readonly maximum?: number;
};

type Value = fc.Arbitrary<unknown>;

/** Lists and maps have at most as many members: what depends on the number of them needs no more. */
const MAX_MEMBERS = 4;
/** Longer texts come at their longest, or not at all. */
const MAX_SHORT_CHARS = 40;

const FORMATS: Readonly<Record<string, Value>> = {
  'webhook-url': fc.constantFrom('https://hooks.example.com/a', 'https://example.com/ü?x=1', 'HTTP://EXAMPLE.COM'),
  'server-url': fc.constantFrom('https://files.example.com/mcp', 'https://example.com/ü?x=1', 'HTTP://EXAMPLE.COM'),
  'service-url': fc.constantFrom('https://pets.example.com/v1', 'https://{region}.example.com', 'http://example.com'),
  'date-time': fc.constantFrom('2999-12-31T23:59:59Z', '2999-12-31T23:59:59.123+02:00', '2026-02-29T00:00:00Z'),
  'request-header-name': fc.stringMatching(/^X-[a-z]{1,8}$/),
  'request-header-value': fc.string({ maxLength: MAX_SHORT_CHARS }),
};

/** Values for a schema, most of which it accepts: formats and combinations are left to who checks them. */
export function valuesOf(document: Document, given: BodySchema): Value {
  const schema = resolve<BodySchema>(document, given);
  if (schema.enum !== undefined) {
    return fc.constantFrom(...schema.enum);
  }
  if (schema.oneOf !== undefined) {
    return fc.oneof(...schema.oneOf.map((one) => valuesOf(document, one)));
  }
  const types = [schema.type ?? ['object', 'string']].flat();
  return fc.oneof(...types.map((type) => valuesOfType(document, schema, type)));
}

function valuesOfType(document: Document, schema: BodySchema, type: string): Value {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number': {
      const min = schema.exclusiveMinimum === undefined ? (schema.minimum ?? 0) : schema.exclusiveMinimum + 1;
      return fc.integer({ min, max: schema.maximum ?? 100_000 });
    }
    case 'array': {
      const { minItems: minLength = 0, maxItems = MAX_MEMBERS, items = {}, uniqueItems = false } = schema;
      const limits = { minLength, maxLength: Math.max(minLength, Math.min(maxItems, MAX_MEMBERS)) };
      const members = valuesOf(document, items);
      return uniqueItems ? fc.uniqueArray(members, { ...limits, selector: JSON.stringify }) : fc.array(members, limits);
    }
    case 'object':
      return objectsOf(document, schema);
    default:
      return textsOf(schema);
  }
}

function objectsOf(document: Document, schema: BodySchema): Value {
  const { properties, required = [], additionalProperties, propertyNames = {}, maxProperties = MAX_MEMBERS } = schema;
  if (properties !== undefined) {
    const writable = Object.entries(properties).filter(([, member]) => !resolve<BodySchema>(document, member).readOnly);
    const members = Object.fromEntries(writable.map(([name, member]) => [name, valuesOf(document, member)]));
    return fc.record(members, { requiredKeys: [...required] });
  }
  const values = typeof additionalProperties === 'object' ? valuesOf(document, additionalProperties) : fc.string();
  const keys = valuesOf(document, { type: 'string', ...resolve<BodySchema>(document, propertyNames) });
  return fc.dictionary(keys as fc.Arbitrary<string>, values, { maxKeys: Math.min(maxProperties, MAX_MEMBERS) });
}

/** Short texts, and the longest that are allowed, in characters of one and of four bytes. */
function textsOf({ format, pattern, minLength = 0, maxLength = MAX_SHORT_CHARS }: BodySchema): Value {
  const known = FORMATS[format ?? ''];
  if (known !== undefined) {
    return known;
  }
  const short = fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, MAX_SHORT_CHARS)) });
  if (pattern !== undefined) {
    return pattern.startsWith('^(?!') ? short : fc.stringMatching(new RegExp(pattern));
  }
  const unicode = fc.string({
    minLength,
    maxLength: Math.max(minLength, Math.min(maxLength, MAX_SHORT_CHARS)),
    unit: 'grapheme',
  });
  const longest = fc.constantFrom('x', '🗝').map((character) => character.repeat(maxLength));
  return fc.oneof(
    { arbitrary: short, weight: 3 },
    { arbitrary: unicode, weight: 2 },
    { arbitrary: longest, weight: 1 },
  );
}

/** What no schema of the document takes in most places. */
const WRONG = fc.constantFrom<unknown>(null, 0, -1.5, true, '', 'x'.repeat(100_000), [], [null], {}, { x: { y: 1 } });

/** Objects with one wrong thing in them: another type, an unknown key, or a key too few. */
export function spoiled(objects: Value): Value {
  return fc
    .tuple(objects, fc.nat(), WRONG, fc.constantFrom('replace', 'add', 'remove'))
    .map(([value, at, wrong, how]) => {
      const body = { ...(value as Record<string, unknown>) };
      const names = Object.keys(body);
      const name = names[at % Math.max(1, names.length)] ?? 'name';
      if (how === 'remove') {
        delete body[name];
      } else if (how === 'add') {
        body['unheard-of'] = wrong;
      } else {
        const inside = body[name];
        const isMap = typeof inside === 'object' && inside !== null && !Array.isArray(inside);
        const [inner] = isMap ? Object.keys(inside) : [];
        body[name] = inner === undefined ? wrong : { ...(inside as object), [inner]: wrong };
      }
      return body;
    });
}
