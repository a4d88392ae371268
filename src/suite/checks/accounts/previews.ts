import { checks } from '../../check.ts';
import { same } from '../../expect.ts';
import { documentOf, PETS } from './documents.ts';
import { createdAccountOf, createdIntegration, refused, type Scope, tools } from './support.ts';

const READS = ['pet_owners_past_visits.list', 'pets.get', 'pets.list'];
const LISTS = ['pet_owners_past_visits.list', 'pets.list'];
const UPDATES = ['owners.update', 'pets.update'];
const CUSTOM = ['pets.delete_pets', 'pets.replace_pets', 'pets.swap_pet'];
const OF_PETS = ['pets.create', 'pets.delete', 'pets.get', 'pets.list', 'pets.update', ...CUSTOM];

/** Scopes, and the tools of `PETS` that each lets through. */
const SCOPES: readonly [scope: Scope, expected: readonly string[]][] = [
  [{}, [...OF_PETS, 'pet_owners_past_visits.list', 'owners.update']],
  ...['list', 'LIST', 'List'].map((word): [Scope, string[]] => [{ methods: [word] }, LISTS]),
  [{ methods: ['get'] }, ['pets.get']],
  [{ methods: ['Get'] }, ['pets.get']],
  [{ methods: ['GET'] }, READS],
  [{ methods: ['create'] }, ['pets.create']],
  [{ methods: ['POST'] }, ['pets.create']],
  [{ methods: ['update'] }, UPDATES],
  [{ methods: ['UPDATE'] }, UPDATES],
  [{ methods: ['PATCH'] }, ['pets.update']],
  [{ methods: ['PUT'] }, ['owners.update', 'pets.replace_pets', 'pets.swap_pet']],
  [{ methods: ['delete'] }, ['pets.delete']],
  [{ methods: ['Delete'] }, ['pets.delete']],
  [{ methods: ['DELETE'] }, ['pets.delete', 'pets.delete_pets']],
  ...['read', 'READ'].map((word): [Scope, string[]] => [{ methods: [word] }, READS]),
  ...['write', 'WRITE'].map((word): [Scope, string[]] => [
    { methods: [word] },
    ['pets.create', 'pets.delete', ...UPDATES],
  ]),
  ...['custom', 'CUSTOM'].map((word): [Scope, string[]] => [{ methods: [word] }, CUSTOM]),
  ...['swap_pet', 'SWAP_PET'].map((word): [Scope, string[]] => [{ methods: [word] }, ['pets.swap_pet']]),
  [{ methods: ['create', 'PATCH', 'nothing_like_it'] }, ['pets.create', 'pets.update']],
  ...['Put', 'post', 'DOWNLAOD', 'pets'].map((word): [Scope, string[]] => [{ methods: [word] }, []]),
  [{ tags: ['animals'] }, OF_PETS],
  [{ tags: ['crm'] }, OF_PETS],
  [{ tags: ['cheap'] }, ['pets.list']],
  [{ tags: ['cheap', 'people', 'nothing-like-it'] }, ['pets.list', 'owners.update']],
  [{ tags: ['Größe & Co.'] }, ['owners.update']],
  [{ tags: ['nothing-like-it'] }, []],
  [{ methods: ['read'], tags: ['crm'] }, ['pets.get', 'pets.list']],
  [{ methods: ['update', 'swap_pet'], tags: ['people', 'cheap'] }, ['owners.update']],
  [{ methods: ['create'], tags: ['history'] }, []],
];

/** listIntegrationTools and listAccountTools. */
export const previewChecks = checks('accounts', {
  'listIntegrationTools, listAccountTools: methods and tags select, and both must': async ({ holder, name }) => {
    const id = await createdIntegration(holder, {
      name: name('scopes'),
      document: PETS,
      tool_tags: { pets: ['crm'], 'pets.list': ['cheap'], 'owners.update': ['Größe & Co.'] },
    });
    const account = await createdAccountOf(holder, id);
    for (const [scope, expected] of SCOPES) {
      const { answer, result } = await tools(holder, 'listIntegrationTools', { id }, scope);
      const came = result.map(({ resource, method }) => `${resource}.${method}`);
      same(answer, 'the tools', came.toSorted(), expected.toSorted());
    }
    for (const scope of [{}, { methods: ['Read', 'PUT'] }, { methods: ['write'], tags: ['crm', 'people'] }]) {
      const [of, through] = [
        await tools(holder, 'listIntegrationTools', { id }, scope),
        await tools(holder, 'listAccountTools', account, scope),
      ];
      same(through.answer, 'the tools of the integration', through.result, of.result);
    }
  },

  'listAccountTools: tools that the account has no credential for are left out, and the reason is said': async ({
    holder,
    name,
  }) => {
    const securitySchemes = {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      login: { type: 'http', scheme: 'basic' },
    };
    const operation = (...security: object[]) => ({ summary: 'Do it', security, responses: {} });
    const paths = {
      '/keys': { get: operation({ key: [] }) },
      '/logins': { get: operation({ login: [] }) },
      '/both': { get: operation({ key: [], login: [] }) },
      '/free': { get: operation() },
    };
    const document = documentOf(paths, { components: { securitySchemes } });
    const id = await createdIntegration(holder, { name: name('secured'), document });
    const served = [
      { authentication_method: 'api_key', context: { api_key: name('secret') }, resources: ['free', 'keys'] },
      {
        authentication_method: 'basic',
        context: { username: 'ada', password: name('secret') },
        resources: ['free', 'logins'],
      },
      { authentication_method: 'none', context: {}, resources: ['free'] },
    ] as const;
    for (const { resources, ...fields } of served) {
      const account = await createdAccountOf(holder, id, fields);
      const { answer, result } = await tools(holder, 'listAccountTools', account);
      same(answer, 'the resources of the tools', result.map(({ resource }) => resource).toSorted(), resources);
      const { left_out } = (await holder.call(200, 'listAccountTools', { path: account })).json;
      same(answer, 'the number of tools that are left out', left_out.length, 4 - resources.length);
    }
  },

  'listIntegrationTools, listAccountTools: parameters that are wrong or unknown are refused by name': async ({
    holder,
    name,
  }) => {
    const id = await createdIntegration(holder, { name: name('scopes') });
    const account = await createdAccountOf(holder, id);
    for (const [operation, path] of [
      ['listIntegrationTools', { id }],
      ['listAccountTools', account],
    ] as const) {
      for (const [parameter, value] of [
        ['method', 'list'],
        ['tag', 'crm'],
        ['limit', '1'],
        ['methods', 'm'.repeat(129)],
        ['tags', 't'.repeat(129)],
      ] as const) {
        await refused(holder, operation, { path, query: { [parameter]: value } }, parameter);
      }
    }
  },
});
