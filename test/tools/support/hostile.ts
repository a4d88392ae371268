/** A document that is large, or that tries to be, and what becomes of it. */
export type Hostile = {
  readonly name: string;
  readonly text: () => string;
  /** Of the message of a DocumentError, or the reason for the one operation that is skipped. */
  readonly outcome: RegExp;
  /** Tools that it gives all the same; none by default. */
  readonly tools?: number;
};

/** The schema is taken for one that allows anything. */
const ANYTHING = { outcome: /^$/, tools: 1 };

const ref = (name: string | number) => ({ $ref: `#/components/schemas/${name}` });
const many = <T>(count: number, each: (index: number) => [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => each(index)));
const texts = (count: number, each: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => each(index));
/** One operation with a body of that schema. */
const posting = (schema: unknown, schemas: Record<string, unknown> = {}): string =>
  JSON.stringify({
    openapi: '3.1.0',
    paths: { '/x': { post: { summary: 's', requestBody: { content: { 'application/json': { schema } } } } } },
    components: { schemas },
  });
const array = (items: unknown) => ({ type: 'array', items });
const getting = (operation: object): string =>
  JSON.stringify({ openapi: '3.1.0', paths: { '/x': { get: { summary: 's', ...operation } } } });

/** Thirty anchors, each ten times the one before. */
const BOMB = [
  'openapi: 3.1.0\nb0: &b0 {type: object, properties: {p: {type: string}}}',
  ...Array.from({ length: 29 }, (_, n) => `b${n + 1}: &b${n + 1} {allOf: [${Array(10).fill(`*b${n}`).join(', ')}]}`),
].join('\n');
const bombed = (schema: string, paths = 1): string =>
  `${BOMB}\npaths:\n${texts(paths, (n) => `  /x${n}: {post: {summary: s, requestBody: {content: {application/json: {schema: ${schema}}}}}}`).join('\n')}`;

const LARGE = /^It is larger than 256 KiB\.$/;
const DEEP = /^It has a schema that is nested deeper than [13]00 levels/;
const ENDLESS = /which refers to itself without end\.$/;
const TANGLED = /^The document is too complex: it uses the same schemas in too many places\.$/;
const CROWDED = /^The document contains more than a million values\.$/;

export const HOSTILE: readonly Hostile[] = [
  {
    name: 'a schema a million levels deep',
    text: () => posting(array(0)).replace('"items":0', `${'"items":{'.repeat(400_000)}${'}'.repeat(400_000)}`),
    outcome: DEEP,
  },
  { name: 'a million brackets', text: () => '['.repeat(2_000_000), outcome: CROWDED },
  {
    name: 'five million empty objects',
    text: () => `{"openapi":"3.1.0","paths":{},"x":[${'{},'.repeat(5e6)}1]}`,
    outcome: CROWDED,
  },
  { name: 'YAML a million levels deep', text: () => `a: ${'['.repeat(900_000)}`, outcome: /nesting exceeded/ },
  { name: 'lists in lists of YAML', text: () => '- '.repeat(1_000_000), outcome: /nesting exceeded/ },
  {
    name: '10,000 $refs to one schema',
    text: () => posting({ properties: many(10_000, (index) => [`p${index}`, ref('A')]) }, { A: { type: 'string' } }),
    outcome: LARGE,
  },
  {
    name: 'a web of schemas that all refer to each other',
    text: () =>
      posting(
        array(ref(0)),
        many(2_000, (n) => [`${n}`, { properties: many(50, (m) => [`p${m}`, ref((n * 50 + m) % 2_000)]) }]),
      ),
    outcome: DEEP,
  },
  {
    name: 'a chain of schemas',
    text: () =>
      posting(
        array(ref(0)),
        many(50_000, (n) => [`${n}`, array(ref(n + 1))]),
      ),
    outcome: DEEP,
  },
  {
    name: 'a ring of $refs',
    text: () =>
      posting(
        array(ref(0)),
        many(50_000, (n) => [`${n}`, ref((n + 1) % 50_000)]),
      ),
    ...ANYTHING,
  },
  { name: 'allOf of itself', text: () => posting(array(ref(0)), { 0: { allOf: [ref(0), ref(0)] } }), outcome: ENDLESS },
  {
    name: 'read-only marks behind 20,000 parts of 20,000 schemas',
    text: () =>
      posting(array(ref('A')), {
        A: { allOf: Array(20_000).fill(ref('B')) },
        B: { properties: many(20_000, (n) => [`p${n}`, { readOnly: true }]) },
      }),
    outcome: TANGLED,
  },
  { name: 'aliases of YAML in a value', text: () => bombed('{properties: {a: {default: *b29}}}'), outcome: LARGE },
  { name: 'aliases of YAML in a schema', text: () => bombed('{type: array, items: *b29}'), outcome: LARGE },
  {
    name: 'aliases of YAML in 5,000 schemas',
    text: () => bombed('{type: array, items: *b29}', 5_000),
    // On a busy machine the deadline comes first.
    outcome: new RegExp(`${TANGLED.source}|^The document takes longer than 5 s\\.$`),
  },
  {
    name: 'an alias inside of itself',
    text: () =>
      `openapi: 3.1.0\npaths: {/x: {post: {summary: s, requestBody: {content: {application/json: {schema: &s {type: array, items: *s}}}}}}}`,
    outcome: DEEP,
  },
  {
    name: 'a value inside of itself',
    text: () =>
      `openapi: 3.1.0\npaths: {/x: {post: {summary: s, requestBody: {content: {application/json: {schema: {type: array, default: &s [*s]}}}}}}}`,
    outcome: DEEP,
  },
  {
    name: 'merge keys',
    text: () => `a0: &a0 {k: v}\n${texts(3_000, (n) => `a${n + 1}: &a${n + 1} {<<: *a${n}, k${n}: v}`).join('\n')}`,
    outcome: /merge keys exceeded/,
  },
  {
    name: 'a million and a half keys of YAML',
    text: () => `a: {${texts(1_500_000, (n) => `k${n}: 1`).join(', ')}}`,
    outcome: CROWDED,
  },
  {
    name: '1 GB when expanded',
    text: () =>
      JSON.stringify({
        openapi: '3.1.0',
        paths: many(9_000, (n) => [
          `/p${n}`,
          { parameters: [{ $ref: '#/components/parameters/P' }], get: { summary: 's' } },
        ]),
        components: { parameters: { P: { in: 'query', name: 'x', description: 'd'.repeat(120_000) } } },
      }),
    outcome: /^The tools of the document would be larger than 32 MiB\./,
  },
  {
    name: '200,000 operations',
    text: () => JSON.stringify({ openapi: '3.1.0', paths: many(200_000, (n) => [`/p${n}`, { get: {} }]) }),
    outcome: /more than 10,000 operations/,
  },
  {
    name: '6,000 names that reduce to the same',
    text: () =>
      getting({
        parameters: Array.from({ length: 6_000 }, (_, n) => ({
          in: 'query',
          name: `x${'('.repeat(n % 500)}${')'.repeat(n / 500)}`,
        })),
      }),
    outcome: LARGE,
  },
  {
    name: 'a name of five million capitals',
    text: () => getting({ operationId: 'A'.repeat(5e6), tags: ['('.repeat(5e6)] }),
    outcome: LARGE,
  },
  {
    name: 'patterns that take for ever, 50,000 of them',
    text: () =>
      posting({ properties: many(50_000, (n) => [`p${n}`, { pattern: `((a{1,1000}){1,1000}){1,${n}}(a+)+$` }]) }),
    outcome: LARGE,
  },
  {
    name: 'a pattern of 100,000 brackets',
    text: () =>
      posting({ properties: { a: { pattern: '(x'.repeat(50_000) + ')'.repeat(50_000) }, b: { $ref: 'none' } } }),
    ...ANYTHING,
  },
  {
    name: 'a discriminator with 100,000 subtypes',
    text: () =>
      posting(array(ref('base')), {
        base: { discriminator: { propertyName: 'kind' } },
        ...many(100_000, (n) => [`${n}`, { allOf: [ref('base')] }]),
      }),
    // Without its subtypes.
    ...ANYTHING,
  },
  {
    name: 'a chain of 2,000 discriminators',
    text: () =>
      posting(
        array(ref(0)),
        many(2_000, (n) => [`${n}`, { allOf: n === 0 ? [] : [ref(n - 1)], discriminator: { propertyName: `k${n}` } }]),
      ),
    outcome: /^The document is too complex|^It has a schema that is nested deeper/,
  },
  {
    name: 'Swagger with 300,000 values',
    text: () =>
      JSON.stringify({
        swagger: '2.0',
        paths: { '/x': { get: { summary: 's', parameters: [{ $ref: '#/parameters/no' }] } } },
        definitions: many(100_000, (n) => [`d${n}`, { type: 'string', title: '' }]),
      }),
    outcome: /^It uses `#\/parameters\/no`/,
  },
  {
    name: 'Swagger with more',
    text: () =>
      JSON.stringify({ swagger: '2.0', paths: {}, definitions: many(400_000, (n) => [`d${n}`, { a: 1, b: 2 }]) }),
    outcome: /^The document contains more than a million values/,
  },
  {
    name: 'Swagger with nearly a million',
    text: () =>
      JSON.stringify({ swagger: '2.0', paths: {}, definitions: many(310_000, (n) => [`d${n}`, { a: 1, b: 2 }]) }),
    // Converting it takes longer than it may on most machines.
    outcome: /^$|^The document takes longer than 5 s/,
  },
  {
    name: 'null bytes',
    text: () => '\uD800'.padEnd(1_000, '\0'),
    outcome: /^The document is not valid YAML/,
  },
];
