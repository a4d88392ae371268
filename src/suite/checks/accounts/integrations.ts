import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { ONE_TOOL, PETS, PETS_TOOLS } from './documents.ts';
import {
  type Account,
  accountPath,
  createAccount,
  createdIntegration,
  INTEGRATIONS,
  type Integration,
  integrationPath,
  lasting,
  nobody,
  read,
  refused,
  refusedWhenStale,
  tools,
} from './support.ts';

/** updateIntegration and deleteIntegration. */
export const integrationChecks = checks('accounts', {
  'updateIntegration: a field that is sent alone changes, and no other does': async ({ holder, name }) => {
    const path = integrationPath(await createdIntegration(holder, { name: name('update') }));
    const changes = [
      { name: name('renamed') },
      { base_url: 'https://elsewhere.example.com' },
      { tool_tags: { pets: ['crm'] } },
      { tool_tags: { dogs: ['cheap'] } },
      { tool_tags: {} },
      { approval_policy: 'require_approval_all' },
      { timeout_seconds: 300 },
      { timeout_seconds: null },
      { output_schemas: 'none' },
      { output_schemas: 'loose' },
      {},
    ];
    for (const body of changes) {
      const before = await lasting<Integration>(holder, path);
      const answer = await holder.call(200, 'PATCH', path, { body });
      same(answer, 'the integration as it is then read:', answer.json, await read(holder, path));
      const { updated_at: _, ...after } = answer.json as Integration;
      const { tools_bytes, tools_tokens } = after;
      // The name of an integration is in the names of its tools.
      same(answer, 'the integration', after, {
        ...before,
        ...body,
        ...('name' in body && { tools_bytes, tools_tokens }),
      });
    }
  },

  'updateIntegration: tool_tags are the tags of the tools from then on': async ({ holder, name }) => {
    const id = await createdIntegration(holder, {
      name: name('tags'),
      document: PETS,
      tool_tags: { pets: ['crm'], 'pets.list': ['cheap'] },
    });
    const tagsOf = async (method: string) => {
      const { answer, result } = await tools(holder, integrationPath(id), { tags: ['animals'] });
      return { answer, tags: result.find((tool) => tool.method === method)?.tags.toSorted() };
    };
    const tagged = async (method: string, expected: readonly string[]) => {
      const { answer, tags } = await tagsOf(method);
      same(answer, `the tags of ${method}`, tags, expected);
    };
    await tagged('list', ['animals', 'cheap', 'crm']);
    await tagged('get', ['animals', 'crm']);
    const body = { tool_tags: { 'pets.get': ['slow'] } };
    await holder.call(200, 'PATCH', integrationPath(id), { body });
    await tagged('list', ['animals']);
    await tagged('get', ['animals', 'slow']);
  },

  'updateIntegration: a name is in the names of the tools from then on': async ({ holder, name }) => {
    const id = await createdIntegration(holder, { name: name('before') });
    const account = accountPath(((await createAccount(holder, id)).json as Account).id);
    await holder.call(200, 'PATCH', integrationPath(id), { body: { name: name('after') } });
    for (const path of [integrationPath(id), account]) {
      const { answer, result } = await tools(holder, path);
      const names = result.map((tool) => tool.name);
      same(answer, 'the names', names, [`list_all_${name('after').replaceAll('-', '_')}_pets`]);
    }
    const after = await holder.call(200, 'GET', account);
    same(after, 'the integration', (after.json as Account).integration, { id, name: name('after') });
  },

  'updateIntegration: a document is imported anew, and one that is of no use changes nothing': async ({
    holder,
    name,
  }) => {
    const path = integrationPath(await createdIntegration(holder, { name: name('document') }));
    const answer = await holder.call(200, 'PATCH', path, { body: { document: PETS } });
    const { tool_count, skipped } = answer.json as Integration;
    same(answer, 'tool_count and skipped', [tool_count, skipped.length], [PETS_TOOLS, 1]);
    const before = await read<Integration>(holder, path);
    const broken = { ...ONE_TOOL, openapi: undefined, swagger: '2.0' };
    await refused(holder, 'PATCH', path, { body: { name: name('broken'), document: broken } }, 'document', 'Swagger');
    const both = { document: ONE_TOOL, document_url: 'https://pets.example.com/openapi.json' };
    await refused(holder, 'PATCH', path, { body: both }, 'document_url');
    const after = await holder.call(200, 'GET', path);
    same(after, 'the integration as it was:', after.json, before);
    const { answer: listed, result } = await tools(holder, path);
    same(listed, 'the number of tools', result.length, PETS_TOOLS);
  },

  'updateIntegration: what is wrong, unknown or read-only is refused by name, and nothing is changed': async ({
    holder,
    name,
  }) => {
    const path = integrationPath(await createdIntegration(holder, { name: name('refused') }));
    const before = await read<Integration>(holder, path);
    const wrong = { name: 'Two Words', base_url: 'x', tool_tags: { pets: 1 }, approval_policy: 'never', document: 1 };
    for (const [key, value] of Object.entries({ ...wrong, tags: ['crm'], nickname: 'x' })) {
      await refused(holder, 'PATCH', path, { body: { tool_tags: { pets: ['sneaked-in'] }, [key]: value } }, key);
    }
    for (const key of ['id', 'tool_count', 'tools_bytes', 'skipped', 'warnings', 'updated_at'] as const) {
      await refused(holder, 'PATCH', path, { body: { [key]: before[key] } }, key, 'read-only');
    }
    const after = await holder.call(200, 'GET', path);
    same(after, 'the integration as it was:', after.json, before);
  },

  'updateIntegration, deleteIntegration: a stale If-Match is a 412, and nothing is changed': async ({
    holder,
    name,
  }) => {
    const path = integrationPath(await createdIntegration(holder, { name: name('if-match') }));
    const bodies = { newer: { name: name('newer') }, stale: { name: name('stale') } };
    const after = await refusedWhenStale(holder, path, bodies, 'integration');
    await holder.call(200, 'DELETE', path, { headers: { 'If-Match': after.headers.get('ETag') ?? '' } });
  },

  'deleteIntegration: with accounts it is a 409, without them it is gone, for every operation': async ({
    holder,
    name,
  }) => {
    const id = await createdIntegration(holder, { name: name('deleted') });
    const path = integrationPath(id);
    const account = accountPath(((await createAccount(holder, id)).json as Account).id);
    await holder.call(409, 'DELETE', path);
    await holder.call(200, 'GET', path);
    await holder.call(200, 'GET', account);
    await holder.call(200, 'DELETE', account);
    const answer = await holder.call(200, 'DELETE', path);
    same(answer, 'the answer', answer.json, { id });
    for (const gone of [path, integrationPath(nobody())]) {
      await holder.call(404, 'GET', gone);
      await holder.call(404, 'PATCH', gone, { body: { name: name('gone') } });
      await holder.call(404, 'DELETE', gone);
      await holder.call(404, 'GET', `${gone}/tools`);
    }
    const list = await holder.call(200, 'GET', `${INTEGRATIONS}?limit=1000`);
    const ids = (list.json as { result: Integration[] }).result.map((integration) => integration.id);
    holds(list, !ids.includes(id), 'a list without it', id);
  },
});
