import fc from 'fast-check';

/** Words that documents might use for schemas, properties and paths, awkward ones among them. */
const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'id',
    'body',
    'query_a',
    'Pet',
    'petTags',
    'HTMLPage',
    '__proto__',
    'constructor',
    'a b',
    '$x',
  ),
  fc.string({ maxLength: 5 }),
);
const SCHEMAS = ['A', 'B', 'C', '__proto__', 'D/e'];
const pointers = [...SCHEMAS.map((name) => name.replace('/', '~1')), 'No'].map(
  (name) => `#/components/schemas/${name}`,
);
const reference = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...pointers) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '#/paths',
      '#',
      'other.yaml',
      '#/components/schemas/No',
      '#/components/schemas/A/properties/a',
    ),
  },
);
const record = (value: fc.Arbitrary<unknown>) => fc.dictionary(word, value, { maxKeys: 4 });
const junk = fc.jsonValue({ maxDepth: 2 });

/** Schemas: mostly with values that fit their keywords, sometimes with anything. */
const schema: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const inner = tie('schema');
  const list = fc.array(inner, { maxLength: 3 });
  const fits: Record<string, fc.Arbitrary<unknown>> = {
    type: fc.constantFrom('object', 'object', 'array', 'string', 'integer', 'file', ['string', 'null'], []),
    properties: record(inner),
    required: fc.oneof(fc.array(word, { maxLength: 3 }), fc.boolean()),
    additionalProperties: fc.oneof(inner, fc.boolean()),
    patternProperties: record(inner),
    items: inner,
    prefixItems: list,
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: inner,
    enum: fc.array(junk, { maxLength: 2 }),
    const: junk,
    default: junk,
    example: junk,
    description: fc.string(),
    format: fc.constantFrom('binary', 'byte', 'date', 'x'),
    pattern: fc.oneof(fc.constantFrom('^a+$', '(?i)x', '('), fc.string({ maxLength: 4 })),
    nullable: fc.boolean(),
    readOnly: fc.boolean(),
    writeOnly: fc.boolean(),
    minimum: fc.oneof(fc.double(), fc.string()),
    exclusiveMinimum: fc.oneof(fc.boolean(), fc.integer()),
    multipleOf: fc.double(),
    minLength: fc.oneof(fc.nat(), fc.integer()),
    discriminator: fc.record({ propertyName: word, mapping: fc.dictionary(word, reference, { maxKeys: 2 }) }),
    $ref: reference,
    $id: word,
    xml: junk,
  };
  const few = fc
    .uniqueArray(fc.constantFrom(...Object.keys(fits)), { maxLength: 4 })
    .chain((keywords) =>
      fc.record(
        Object.fromEntries(
          keywords.map((keyword) => [
            keyword,
            fc.oneof({ weight: 15, arbitrary: fits[keyword] ?? junk }, { weight: 1, arbitrary: junk }),
          ]),
        ),
      ),
    );
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
      {
        weight: 1,
        arbitrary: fc.oneof(
          reference.map(($ref) => ({ $ref })),
          fc.boolean(),
          fc.constant({ type: 'string' }),
        ),
      },
      { weight: 4, arbitrary: few },
    ),
  };
}).schema;

const content = fc.dictionary(
  fc.constantFrom(
    'application/json',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'text/plain',
    'image/png',
  ),
  fc.record({
    schema,
    encoding: record(fc.record({ contentType: fc.constantFrom('image/png', 'application/json', '') })),
  }),
  { maxKeys: 2 },
);
const parameter = fc.record(
  {
    name: word,
    in: fc.constantFrom('path', 'query', 'header', 'cookie'),
    required: fc.boolean(),
    schema,
    content,
    style: fc.constantFrom('form', 'deepObject', 'simple'),
  },
  { requiredKeys: ['name', 'in'] },
);
const reused = fc.constantFrom('P', 'P', 'P', 'P', 'No').map((name) => ({ $ref: `#/components/parameters/${name}` }));
const operation = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      {
        summary: fc.constantFrom('Does it.', 'Does it.', 'Does it.', ''),
        operationId: word,
        tags: fc.array(word, { maxLength: 3 }),
        parameters: fc.array(fc.oneof(parameter, parameter, reused), { maxLength: 4 }),
        requestBody: fc.record({ required: fc.boolean(), content }, { requiredKeys: [] }),
        responses: fc.dictionary(fc.constantFrom('200', '201', '404', '2XX'), fc.record({ content }), { maxKeys: 2 }),
      },
      { requiredKeys: ['summary'] },
    ),
  },
  { weight: 1, arbitrary: junk },
);
const segment = fc.oneof(
  fc.constantFrom('things', 'petTags', 'v2', 'things', '{id}', '{a}...{b}', '', 'a'.repeat(50)),
  word.map((text) => text.replaceAll('/', '')),
);
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const item = fc.dictionary(fc.constantFrom('get', 'put', 'post', 'patch', 'delete', 'head'), operation, { maxKeys: 4 });

/** Documents that look like OpenAPI, with every mistake that people make, and some that nobody does. */
export const documents = fc.record({
  openapi: fc.constantFrom('3.0.3', '3.1.0'),
  info: fc.oneof(fc.constant({ title: 'x', version: '1' }), junk),
  paths: fc.dictionary(path, fc.oneof({ weight: 20, arbitrary: item }, { weight: 1, arbitrary: junk }), { maxKeys: 6 }),
  components: fc.record({
    schemas: fc
      .tuple(...SCHEMAS.map(() => schema))
      .map((all) => Object.fromEntries(all.map((each, i) => [SCHEMAS[i], each]))),
    parameters: fc.record({ P: parameter }),
  }),
});
