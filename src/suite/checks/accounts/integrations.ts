import type { components } from '../../../../generated/api.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { ONE_TOOL, PETS, PETS_TOOLS } from './documents.ts';
import {
  createdAccountOf,
  createdIntegration,
  lasting,
  nobody,
  read,
  refused,
  refusedWhenStale,
  tools,
} from './support.ts';

type Changes = components['schemas']['IntegrationPatch'];

/** updateIntegration and deleteIntegration. */
export const integrationChecks = checks('accounts', {
  'updateIntegration: a field that is sent alone changes, and no other does': async ({ holder, name }) => {
    const path = { id: await createdIntegration(holder, { name: name('update') }) };
    const changes: readonly Changes[] = [
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
      { undocumented: 'include' },
      { undocumented: 'skip' },
      { required_approvals: 2 },
      { naming: 2 },
      {},
    ];
    for (const body of changes) {
      const before = await lasting(holder, 'integration', path);
      const answer = await holder.call(200, 'updateIntegration', { path, body });
      const { renamed, ...updated } = answer.json;
      same(answer, 'the integration as it is then read:', updated, await read(holder, 'integration', path));
      const { updated_at: _, ...after } = updated;
      // The name of an integration is in the names of its tools.
      same(answer, 'the number of renamed tools', renamed.length, 'name' in body ? before.tool_count : 0);
      const { tools_bytes, tools_tokens } = after;
      same(answer, 'the integration', after, {
        ...before,
        ...body,
        ...('name' in body && { tools_bytes, tools_tokens }),
      });
    }
  },

  'updateIntegration: the tools that have another name are listed with both': async ({ holder, name }) => {
    const path = { id: await createdIntegration(holder, { name: name('old') }) };
    const before = await tools(holder, 'listIntegrationTools', path);
    const answer = await holder.call(200, 'updateIntegration', { path, body: { name: name('new') } });
    const after = await tools(holder, 'listIntegrationTools', path);
    const pairs = answer.json.renamed.map(({ old_name, name: now, old_method, method }) => [
      old_name,
      now,
      old_method,
      method,
    ]);
    const expected = before.result.map((tool, index) => [
      tool.name,
      after.result[index]?.name,
      tool.method,
      tool.method,
    ]);
    same(answer, 'the renamed tools, with their names before and after and their methods,', pairs, expected);
  },

  'updateIntegration: undocumented operations give tools once they are included': async ({ holder, name }) => {
    const path = { id: await createdIntegration(holder, { name: name('undocumented'), document: PETS }) };
    const answer = await holder.call(200, 'updateIntegration', { path, body: { undocumented: 'include' } });
    const { tool_count, skipped, renamed } = answer.json;
    const counts = [tool_count, skipped.length, renamed.length];
    same(answer, 'the number of tools, of skipped operations, and of renamed tools,', counts, [PETS_TOOLS + 1, 0, 0]);
  },

  'updateIntegration: tool_tags are the tags of the tools from then on': async ({ holder, name }) => {
    const id = await createdIntegration(holder, {
      name: name('tags'),
      document: PETS,
      tool_tags: { pets: ['crm'], 'pets.list': ['cheap'] },
    });
    const tagsOf = async (method: string) => {
      const { answer, result } = await tools(holder, 'listIntegrationTools', { id }, { tags: ['animals'] });
      return { answer, tags: result.find((tool) => tool.method === method)?.tags.toSorted() };
    };
    const tagged = async (method: string, expected: readonly string[]) => {
      const { answer, tags } = await tagsOf(method);
      same(answer, `the tags of ${method}`, tags, expected);
    };
    await tagged('list', ['animals', 'cheap', 'crm']);
    await tagged('get', ['animals', 'crm']);
    const body = { tool_tags: { 'pets.get': ['slow'] } };
    await holder.call(200, 'updateIntegration', { path: { id }, body });
    await tagged('list', ['animals']);
    await tagged('get', ['animals', 'slow']);
  },

  'updateIntegration: a name is in the names of the tools from then on': async ({ holder, name }) => {
    const id = await createdIntegration(holder, { name: name('before') });
    const account = await createdAccountOf(holder, id);
    await holder.call(200, 'updateIntegration', { path: { id }, body: { name: name('after') } });
    for (const [operation, path] of [
      ['listIntegrationTools', { id }],
      ['listAccountTools', account],
    ] as const) {
      const { answer, result } = await tools(holder, operation, path);
      const names = result.map((tool) => tool.name);
      same(answer, 'the names', names, [`list_all_${name('after').replaceAll('-', '_')}_pets`]);
    }
    const after = await holder.call(200, 'getAccount', { path: account });
    same(after, 'the integration', after.json.integration, { id, name: name('after') });
  },

  'updateIntegration: a document is imported anew, and one that is of no use changes nothing': async ({
    holder,
    name,
  }) => {
    const path = { id: await createdIntegration(holder, { name: name('document') }) };
    const answer = await holder.call(200, 'updateIntegration', { path, body: { document: PETS } });
    const { tool_count, skipped } = answer.json;
    same(answer, 'tool_count and skipped', [tool_count, skipped.length], [PETS_TOOLS, 1]);
    const before = await read(holder, 'integration', path);
    const broken = { ...ONE_TOOL, openapi: undefined, swagger: '1.2' };
    await refused(
      holder,
      'updateIntegration',
      { path, body: { name: name('broken'), document: broken } },
      'document',
      'Swagger',
    );
    const both = { document: ONE_TOOL, document_url: 'https://pets.example.com/openapi.json' };
    await refused(holder, 'updateIntegration', { path, body: both }, 'document_url');
    const after = await holder.call(200, 'getIntegration', { path });
    same(after, 'the integration as it was:', after.json, before);
    const { answer: listed, result } = await tools(holder, 'listIntegrationTools', path);
    same(listed, 'the number of tools', result.length, PETS_TOOLS);
  },

  'updateIntegration: what is wrong, unknown or read-only is refused by name, and nothing is changed': async ({
    holder,
    name,
  }) => {
    const path = { id: await createdIntegration(holder, { name: name('refused') }) };
    const before = await read(holder, 'integration', path);
    const wrong = { name: 'Two Words', base_url: 'x', tool_tags: { pets: 1 }, approval_policy: 'never', document: 1 };
    for (const [key, value] of Object.entries({ ...wrong, tags: ['crm'], nickname: 'x' })) {
      await refused(
        holder,
        'updateIntegration',
        { path, body: { tool_tags: { pets: ['sneaked-in'] }, [key]: value } },
        key,
      );
    }
    for (const key of ['id', 'tool_count', 'tools_bytes', 'skipped', 'warnings', 'updated_at'] as const) {
      await refused(holder, 'updateIntegration', { path, body: { [key]: before[key] } }, key, 'read-only');
    }
    const after = await holder.call(200, 'getIntegration', { path });
    same(after, 'the integration as it was:', after.json, before);
  },

  'updateIntegration, deleteIntegration: a stale If-Match is a 412, and nothing is changed': async ({
    holder,
    name,
  }) => {
    const path = { id: await createdIntegration(holder, { name: name('if-match') }) };
    const bodies = { newer: { name: name('newer') }, stale: { name: name('stale') } };
    const after = await refusedWhenStale(holder, 'integration', path, bodies);
    await holder.call(200, 'deleteIntegration', { path, header: { 'If-Match': after.headers.get('ETag') ?? '' } });
  },

  'deleteIntegration: with accounts it is a 409, without them it is gone, for every operation': async ({
    holder,
    name,
  }) => {
    const id = await createdIntegration(holder, { name: name('deleted') });
    const path = { id };
    const account = await createdAccountOf(holder, id);
    await holder.call(409, 'deleteIntegration', { path });
    await holder.call(200, 'getIntegration', { path });
    await holder.call(200, 'getAccount', { path: account });
    await holder.call(200, 'deleteAccount', { path: account });
    const answer = await holder.call(200, 'deleteIntegration', { path });
    same(answer, 'the answer', answer.json, { id });
    for (const gone of [path, { id: nobody() }]) {
      await holder.call(404, 'getIntegration', { path: gone });
      await holder.call(404, 'updateIntegration', { path: gone, body: { name: name('gone') } });
      await holder.call(404, 'deleteIntegration', { path: gone });
      await holder.call(404, 'listIntegrationTools', { path: gone });
    }
    const list = await holder.call(200, 'listIntegrations', { query: { limit: 1000 } });
    const ids = list.json.result.map((integration) => integration.id);
    holds(list, !ids.includes(id), 'a list without it', id);
  },
});
