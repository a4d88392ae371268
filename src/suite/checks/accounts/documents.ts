/** Every document contains this text; no answer may contain it. */
export const MARKER = 'Only Gatehouse may read this sentence of the document.';

export const BASE_URL = 'https://pets.example.com/v1';

const responses = { '200': { description: 'Done' } };
const idIn = (name: string) => [{ name, in: 'path', required: true, schema: { type: 'string' } }];
const json = (properties: object, required: readonly string[] = []) => ({
  required: true,
  content: { 'application/json': { schema: { type: 'object', properties, required } } },
});
const text = { type: 'string' };

/** A document with these paths. */
export const documentOf = (paths: object, rest: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1.0.0', description: MARKER },
  servers: [{ url: BASE_URL }],
  paths,
  ...rest,
});

/** A service with tools of every kind of method, and an operation that gives no tool. */
export const PETS = documentOf({
  '/pets': {
    get: {
      summary: 'List pets',
      tags: ['animals'],
      parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer' } }],
      responses,
    },
    post: {
      summary: 'Add a pet',
      tags: ['animals'],
      requestBody: json({ name: text, kind: text }, ['name']),
      responses,
    },
    put: { summary: 'Replace all pets', operationId: 'replacePets', tags: ['animals'], responses },
    delete: { summary: 'Remove all pets', tags: ['animals'], responses },
  },
  '/pets/{petId}': {
    parameters: idIn('petId'),
    get: { summary: 'Read a pet', tags: ['animals'], responses },
    patch: { summary: 'Change a pet', tags: ['animals'], requestBody: json({ name: text, petId: text }), responses },
    put: { summary: 'Swap a pet', operationId: 'swapPet', tags: ['animals'], responses },
    delete: { summary: 'Remove a pet', tags: ['animals'], responses },
  },
  '/pet-owners/{ownerId}/pastVisits': {
    parameters: idIn('ownerId'),
    get: { summary: 'List past visits', tags: ['history'], responses },
  },
  '/owners/{ownerId}': {
    parameters: idIn('ownerId'),
    put: { summary: 'Replace an owner', tags: ['people'], responses },
  },
  '/internal': { get: { operationId: 'internal', responses } },
});

/** The number of tools of that service. */
export const PETS_TOOLS = 10;

/** A service with one tool, whose tags come from `tool_tags` alone. */
export const ONE_TOOL = documentOf({ '/pets': { get: { summary: 'List pets', responses } } });

/** The same as text in YAML. */
export const ONE_TOOL_YAML = `# ${MARKER}
openapi: 3.1.0
info: { title: Pets, version: 1.0.0 }
servers:
  - url: ${BASE_URL}
paths:
  /pets:
    get:
      summary: >-
        List
        pets
      responses:
        '200': { description: Done }
`;
