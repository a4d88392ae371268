import { createHash } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { BASE_URL, documentOf, MARKER, ONE_TOOL, ONE_TOOL_YAML, PETS, PETS_TOOLS } from './documents.ts';
import { createdIntegration, createIntegration, read, refused, tools } from './support.ts';

type Schemas = components['schemas'];

/** Returns the fields of an integration that its maker gives, besides the policy. */
const given = ({
  name,
  base_url,
  tool_tags,
  timeout_seconds,
  output_schemas,
  undocumented,
  required_approvals,
}: Schemas['Integration']) => ({
  name,
  base_url,
  tool_tags,
  timeout_seconds,
  output_schemas,
  undocumented,
  required_approvals,
});

const READ_ONLY = [
  'id',
  'tool_count',
  'tools_bytes',
  'tools_tokens',
  'skipped',
  'warnings',
  'created_at',
  'updated_at',
];

/** createIntegration with a document in the request. */
export const importChecks = checks('accounts', {
  'createIntegration: a name and a document are enough, the rest has the documented defaults': async ({
    holder,
    name,
  }) => {
    const answer = await createIntegration(holder, { name: name('defaults'), document: PETS });
    const integration = answer.json;
    const { created_at, updated_at, skipped, approval_policy } = integration;
    same(answer, 'the fields', given(integration), {
      name: name('defaults'),
      base_url: BASE_URL,
      tool_tags: {},
      timeout_seconds: null,
      output_schemas: 'loose',
      undocumented: 'skip',
      required_approvals: 1,
    });
    same(answer, 'naming', integration.naming, 2);
    same(answer, 'tool_count', integration.tool_count, PETS_TOOLS);
    holds(answer, updated_at >= created_at, `updated_at, not before ${created_at}`, updated_at);
    const operations = skipped.map(({ operation }) => operation);
    same(answer, 'the one operation without a description, skipped:', operations, ['GET /internal']);
    if (approval_policy !== 'auto_approve_all') {
      throw new Skipped(`the policy of new integrations is ${approval_policy} here (GATEHOUSE_INTEGRATION_POLICY)`);
    }
  },

  'createIntegration: every field is answered as it was sent, and read so at Location': async ({ holder, name }) => {
    const fields = {
      name: name('every-field'),
      base_url: 'https://elsewhere.example.com/{version}',
      tool_tags: { pets: ['crm', 'Größe'], 'pets.list': ['cheap'], unheard_of: [] },
      approval_policy: 'require_approval_per_tool' as const,
      timeout_seconds: 300,
      output_schemas: 'none' as const,
      undocumented: 'include' as const,
      required_approvals: 2,
    };
    const answer = await createIntegration(holder, fields);
    const integration = answer.json;
    const { id, approval_policy } = integration;
    same(answer, 'the fields, in any order,', { ...given(integration), approval_policy }, fields);
    same(answer, 'Location', answer.location, holder.pathOf('getIntegration', { id }));
    const again = await holder.call(200, 'getIntegration', { path: { id } });
    same(again, 'what was created:', again.json, integration);
    same(again, 'the ETag', again.headers.get('ETag'), answer.headers.get('ETag'));
  },

  'createIntegration: a document as JSON, as text in JSON and in YAML makes the same tools': async ({
    holder,
    name,
  }) => {
    for (const [form, document] of Object.entries({
      object: ONE_TOOL,
      json: JSON.stringify(ONE_TOOL, null, 2),
      yaml: ONE_TOOL_YAML,
    })) {
      const path = { id: await createdIntegration(holder, { name: name(form), document }) };
      const { answer, result } = await tools(holder, 'listIntegrationTools', path);
      const [tool] = result;
      same(answer, 'the number of tools', result.length, 1);
      const identity = [tool?.resource, tool?.method, tool?.description];
      same(answer, 'resource, method and description', identity, ['pets', 'list', 'List pets']);
      same(answer, 'base_url', (await read(holder, 'integration', path)).base_url, BASE_URL);
    }
  },

  'createIntegration: the document is never answered': async ({ holder, name }) => {
    for (const document of [ONE_TOOL, ONE_TOOL_YAML]) {
      const created = await createIntegration(holder, { name: name('secretive'), document });
      const path = { id: created.json.id };
      for (const answer of [
        created,
        await holder.call(200, 'getIntegration', { path }),
        await holder.call(200, 'listIntegrations'),
        await holder.call(200, 'listIntegrationTools', { path }),
        await holder.call(200, 'updateIntegration', { path, body: { document } }),
      ]) {
        holds(answer, !answer.text.includes(MARKER), 'an answer without the document', answer.json);
      }
    }
  },

  'createIntegration: names and tools follow from paths and verbs': async ({ holder, name }) => {
    const path = { id: await createdIntegration(holder, { name: name('names'), document: PETS }) };
    const prefix = name('names').replaceAll('-', '_');
    const { answer, result } = await tools(holder, 'listIntegrationTools', path);
    const expected = [
      [`${prefix}_pet_delete_pets`, 'pets', 'delete_pets'],
      [`${prefix}_pet_replace_pets`, 'pets', 'replace_pets'],
      [`${prefix}_pet_swap_pet`, 'pets', 'swap_pet'],
      [`create_a_${prefix}_pet`, 'pets', 'create'],
      [`delete_a_${prefix}_pet_by_id`, 'pets', 'delete'],
      [`get_single_${prefix}_pet_by_id`, 'pets', 'get'],
      [`list_all_${prefix}_pet_owners_past_visits`, 'pet_owners_past_visits', 'list'],
      [`list_all_${prefix}_pets`, 'pets', 'list'],
      [`update_a_${prefix}_owner_by_id`, 'owners', 'update'],
      [`update_a_${prefix}_pet_by_id`, 'pets', 'update'],
    ];
    const came = result.map(({ name: named, resource, method }) => [named, resource, method]);
    same(answer, 'name, resource and method of each tool', came, expected);
  },

  'createIntegration: names that are too long, or taken twice, are cut and get a hash': async ({ holder, name }) => {
    const get = { get: { summary: 'List', responses: {} } };
    const paths = { [`/${'long'.repeat(20)}`]: get, '/cats/dogs': get, '/cats_dogs': get, '/cows': get };
    const document = documentOf(paths);
    const path = { id: await createdIntegration(holder, { name: name('hashes'), document }) };
    const { answer, result } = await tools(holder, 'listIntegrationTools', path);
    const prefix = `list_all_${name('hashes').replaceAll('-', '_')}`;
    const hashed = (of: string, plain: string) =>
      `${plain.slice(0, 55)}_${createHash('sha256').update(`GET ${of}`).digest('hex').slice(0, 8)}`;
    const expected = [
      hashed(`/${'long'.repeat(20)}`, `${prefix}_${'long'.repeat(20)}`),
      hashed('/cats/dogs', `${prefix}_cats_dogs`),
      hashed('/cats_dogs', `${prefix}_cats_dogs`),
      `${prefix}_cows`,
    ];
    const names = result.map((tool) => tool.name);
    same(answer, 'the names', names, expected.toSorted());
  },

  'createIntegration: arguments lie flat, and on a clash the path keeps the name': async ({ holder, name }) => {
    const path = { id: await createdIntegration(holder, { name: name('flat'), document: PETS }) };
    const expected = {
      list: { query: ['limit'], body: [], required: [] },
      create: { query: [], body: ['kind', 'name'], required: ['name'] },
      get: { query: ['petId'], body: [], required: ['petId'] },
      update: { query: ['petId'], body: ['body_petId', 'name'], required: ['petId'] },
    };
    const { answer, result } = await tools(holder, 'listIntegrationTools', path, { tags: ['animals'] });
    for (const [method, argumentsOf] of Object.entries(expected)) {
      const tool = result.find((candidate) => candidate.method === method);
      const keys = (schema: object | undefined) =>
        Object.keys((schema as { properties?: object } | undefined)?.properties ?? {}).toSorted();
      const came = { query: keys(tool?.query_schema), body: keys(tool?.body_schema), required: tool?.required };
      same(answer, `the arguments of ${method}:`, came, argumentsOf);
    }
  },

  'createIntegration: a document that is of no use is refused, and the answer says why and where': async ({
    holder,
    name,
  }) => {
    const useless: readonly [document: unknown, ...words: string[]][] = [
      ['{\n  "openapi": "3.1.0",\n  "paths": {]\n}', 'line 3'],
      ['openapi: 3.1.0\npaths: {', 'line'],
      [{ ...ONE_TOOL, openapi: undefined, swagger: '1.2' }, 'Swagger 1.2'],
      [{ ...ONE_TOOL, openapi: '4.0.0' }, '4.0.0'],
      [{ ...ONE_TOOL, openapi: undefined }, 'openapi'],
      [{ ...ONE_TOOL, paths: undefined }, 'paths'],
      ['Just words.'],
    ];
    for (const [document, ...words] of useless) {
      const body = { name: name('useless'), document };
      await refused(holder, 'createIntegration', { body }, 'document', ...words);
    }
    for (const document of ['', null, 1, true, []]) {
      await refused(holder, 'createIntegration', { body: { name: name('useless'), document } }, 'document');
    }
  },

  'createIntegration: neither or both of document and document_url are refused': async ({ holder, name }) => {
    await refused(holder, 'createIntegration', { body: { name: name('neither') } }, 'document', 'document_url');
    const body = { name: name('both'), document: ONE_TOOL, document_url: 'https://pets.example.com/openapi.json' };
    await refused(holder, 'createIntegration', { body }, 'document', 'document_url');
  },

  'createIntegration: a document_url that may not be fetched is refused, and nothing is created': async ({
    holder,
    name,
  }) => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost', '0.0.0.0', '127.1']) {
      const body = { name: name('loopback'), document_url: `http://${host}:9/openapi.json` };
      await holder.call([400, 403, 422], 'createIntegration', { body });
    }
    for (const document_url of ['file:///etc/passwd', 'ftp://example.com/openapi.json', 'openapi.json', '', 1]) {
      const body = { name: name('loopback'), document_url };
      await refused(holder, 'createIntegration', { body }, 'document_url');
    }
    const list = await holder.call(200, 'listIntegrations', { query: { limit: 1000 } });
    const { result } = list.json;
    same(list, 'the number created', result.filter((one) => one.name === name('loopback')).length, 0);
  },

  'createIntegration: tools_bytes grows with the definitions, and large ones have a warning': async ({
    holder,
    name,
  }) => {
    for (const words of [1, 30_000]) {
      const get = { summary: 'pet '.repeat(words) };
      const document = { ...ONE_TOOL, paths: { '/pets': { get }, '/toys': { get } } };
      const answer = await createIntegration(holder, { name: name(`size-${words}`), document });
      const { tools_bytes, tools_tokens, warnings } = answer.json;
      const bytes = tools_bytes ?? 0;
      holds(answer, bytes > 2 * get.summary.length, `tools_bytes, of more than ${2 * get.summary.length}`, bytes);
      same(answer, 'tools_tokens', tools_tokens, Math.ceil(bytes / 4));
      const ofSize = warnings.filter(({ operation, message }) => operation === null && message.includes(`${bytes}`));
      same(answer, 'the number of warnings about the size', ofSize.length, words === 1 ? 0 : 1);
    }
  },

  'createIntegration: what is wrong, unknown or read-only is refused by name': async ({ holder, name }) => {
    const wrong: Record<string, readonly unknown[]> = {
      name: ['', 'n'.repeat(41), 'Pets', 'pet store', 'pet_store', null, 1],
      base_url: ['pets.example.com', 'ftp://pets.example.com', 'https://me:secret@pets.example.com', 1],
      tool_tags: [null, [], { pets: 'crm' }, { pets: [''] }, { pets: [1] }],
      approval_policy: ['auto_approve', 'AUTO_APPROVE_ALL', null],
      timeout_seconds: [0, 3601, 1.5, '60'],
      documents: [ONE_TOOL],
      tags: [['crm']],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { name: name('wrong'), document: ONE_TOOL, [key]: value };
        await refused(holder, 'createIntegration', { body }, key);
      }
    }
    for (const key of READ_ONLY) {
      const body = { name: name('wrong'), document: ONE_TOOL, [key]: 1 };
      await refused(holder, 'createIntegration', { body }, key, 'read-only');
    }
    await refused(holder, 'createIntegration', { body: { document: ONE_TOOL } }, 'name');
  },
});
