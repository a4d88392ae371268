/** Documents that are large, as those of real services are, with the number of their tools. */
export const LEGITIMATE = [
  { name: '10 MB', text: () => documentOf(500, 19_000), tools: 1_000 },
  { name: '2,000 operations', text: () => documentOf(1_000, 600), tools: 2_000 },
] as const;

/** Two operations for each thing; everything a thing has is told at some length, beside what no tool shows. */
function documentOf(things: number, characters: number): string {
  const ref = (index: number) => ({ $ref: `#/components/schemas/Thing${index % things}` });
  const json = (schema: object) => ({ content: { 'application/json': { schema } } });
  const all = Array.from({ length: things }, (_, index) => index);
  const schema = (index: number) => ({
    type: 'object',
    description: 'What a thing is. '.repeat(20),
    properties: {
      id: { type: 'string', format: 'uuid', readOnly: true },
      name: { type: 'string', maxLength: 200, description: 'What people call it.' },
      parts: { type: 'array', items: ref(index % 10) },
      whole: index % 3 === 0 ? ref((index % 10) * 3) : { type: 'string' },
    },
    required: ['id', 'name'],
    'x-notes': 'n'.repeat(characters),
  });
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Large', version: '1' },
    paths: Object.fromEntries(
      all.map((index) => [
        `/things${index}`,
        {
          get: { summary: 'Lists them.', responses: { 200: json(ref(index)) } },
          post: { summary: 'Makes one.', requestBody: json(ref(index)), responses: { 201: json(ref(index)) } },
        },
      ]),
    ),
    components: { schemas: Object.fromEntries(all.map((index) => [`Thing${index}`, schema(index)])) },
  });
}
