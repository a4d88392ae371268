import { DAY_MS } from '../../../base/instants.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import {
  create,
  created,
  createdPair,
  createdToken,
  INVALID,
  MISSING,
  NOWHERE,
  refused,
  requireCode,
} from './support.ts';

const list = async (operator: Caller) => {
  const answer = await operator.call(200, 'listOrganizations');
  return { answer, organizations: answer.json };
};

/** Organizations, and the form of errors. */
export const organizationChecks = checks('operator', {
  'createOrganization: it is answered, found at Location with its ETag, and listed': async ({ operator, name }) => {
    const answer = await create(operator, `${name('created')} “Größe”`);
    const organization = answer.json;
    same(answer, 'name', organization.name, `${name('created')} “Größe”`);
    const fresh = Math.abs(Date.parse(organization.createdAt) - Date.now()) < DAY_MS;
    holds(answer, fresh, `createdAt near ${new Date().toISOString()}`, organization.createdAt);
    same(answer, 'Location', answer.location, operator.pathOf('getOrganization', { org_id: organization.id }));
    const again = await operator.call(200, 'getOrganization', { path: { org_id: organization.id } });
    same(again, 'the organization', again.json, organization);
    same(again, 'the ETag', again.headers.get('ETag'), answer.headers.get('ETag'));
    const { answer: listed, organizations } = await list(operator);
    same(
      listed,
      'the organization',
      organizations.find(({ id }) => id === organization.id),
      organization,
    );
  },

  'listOrganizations: a bare array, oldest first': async ({ operator, name }) => {
    const ids: string[] = [];
    for (const letter of ['b', 'a', 'c']) {
      ids.push((await create(operator, name(`list-${letter}`))).json.id);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const { answer, organizations } = await list(operator);
    const times = organizations.map(({ createdAt }) => Date.parse(createdAt));
    same(
      answer,
      'createdAt, ascending,',
      times,
      times.toSorted((a, b) => a - b),
    );
    const own = organizations.map(({ id }) => id).filter((id) => ids.includes(id));
    same(answer, 'the new organizations', own, ids);
  },

  'getOrganizationUsage: credentials count from when they are made until they are deleted': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, name('usage'));
    const usage = async () => {
      const answer = await operator.call(200, 'getOrganizationUsage', { path });
      return { answer, ...answer.json };
    };
    const fresh = await usage();
    same(fresh.answer, 'the organization', fresh.organization, path.org_id);
    const { servers, integrations, endpoints, credentials, tools } = fresh.usage;
    const used = [servers, integrations, endpoints, credentials].map((resource) => resource.used);
    same(fresh.answer, 'what a new organization uses', [...used, tools.usedBytes], [0, 0, 0, 0, 0]);
    const { id } = await createdToken(operator, path, { name: name('counted') });
    await createdPair(operator, path, { name: name('counted') });
    const later = await usage();
    same(later.answer, 'credentials', later.usage.credentials, { ...credentials, used: 2 });
    await operator.call(200, 'deleteApiToken', { path: { ...path, id } });
    const last = await usage();
    same(last.answer, 'credentials', last.usage.credentials, { ...credentials, used: 1 });
  },

  'deleteOrganization: what is gone is gone, with what it owned': async ({ operator, name }) => {
    const path = await created(operator, name('deleted'));
    await operator.call(201, 'createApiToken', { path, body: { name: name('token') } });
    const answer = await operator.call(200, 'deleteOrganization', { path });
    same(answer, 'the answer', answer.json, { id: path.org_id, deleted: true });
    for (const gone of [path, NOWHERE]) {
      await refused(operator, MISSING, 'getOrganization', { path: gone });
      await refused(operator, MISSING, 'deleteOrganization', { path: gone });
      await refused(operator, MISSING, 'getOrganizationUsage', { path: gone });
      for (const credentials of ['ApiToken', 'ApiKey'] as const) {
        await refused(operator, MISSING, `list${credentials}s`, { path: gone });
        await refused(operator, MISSING, `create${credentials}`, { path: gone, body: { name: name('gone') } });
      }
    }
    const { answer: listed, organizations } = await list(operator);
    holds(listed, !organizations.some(({ id }) => id === path.org_id), 'a list without it', path);
  },

  'deleteOrganization: a stale If-Match is a 412, and nothing is deleted': async ({ operator, name }) => {
    const path = await created(operator, name('if-match'));
    await refused(operator, [412, 'conflict'], 'deleteOrganization', { path, header: { 'If-Match': '"999999999"' } });
    const { headers } = await operator.call(200, 'getOrganization', { path });
    await operator.call(200, 'deleteOrganization', { path, header: { 'If-Match': headers.get('ETag') ?? '' } });
  },

  'createOrganization: what is wrong, missing or unknown is refused by name, and nothing is created': async ({
    operator,
    name,
  }) => {
    for (const wrong of ['', 'n'.repeat(129), null, 1]) {
      await refused(operator, INVALID, 'createOrganization', { body: { name: wrong } }, 'body.name');
    }
    await refused(operator, INVALID, 'createOrganization', { body: {} }, 'body.name');
    for (const key of ['id', 'createdAt', 'nickname']) {
      const body = { name: name('refused'), [key]: 'x' };
      await refused(operator, INVALID, 'createOrganization', { body }, `body.${key}`);
    }
    const { answer, organizations } = await list(operator);
    same(answer, 'the number created', organizations.filter((one) => one.name === name('refused')).length, 0);
    const longest = name('longest').padEnd(128, '🗝');
    await create(operator, longest.slice(0, 127));
  },

  'every operation: an id of another kind is refused as a part of the path': async ({ operator, name }) => {
    for (const id of ['acme', 'org_short', `org_${'-'.repeat(27)}`]) {
      await refused(operator, INVALID, 'getOrganization', { path: { org_id: id } }, 'path.org_id');
      await refused(operator, INVALID, 'listApiTokens', { path: { org_id: id } }, 'path.org_id');
    }
    const path = await created(operator, name('path'));
    await refused(operator, INVALID, 'deleteApiKey', { path: { ...path, id: '1' } }, 'path.id');
    await refused(operator, INVALID, 'deleteApiToken', { path: { ...path, id: '1' } }, 'path.id');
  },

  'errors: each kind has its code': async ({ operator }) => {
    const answer = await operator.send(422, 'createOrganization', { text: '{"name":' });
    const { error } = answer.json;
    same(answer, 'code', error.code, 'validation_failed');
    same(
      answer,
      'the codes of the mistakes',
      (error.fieldErrors ?? []).map(({ code }) => code),
      ['json_invalid'],
    );
    const header = { 'Content-Type': 'text/plain' };
    await refused(operator, [415, 'bad_request'], 'createOrganization', { text: '{}', header });
    const collection = operator.pathOf('listOrganizations');
    requireCode(await operator.sendTo(405, 'PUT', collection, { body: {} }), 'bad_request');
    requireCode(await operator.sendTo(404, 'GET', `${collection}/unheard-of/unheard-of`), 'not_found');
  },

  'errors: all mistakes of a request are named together': async ({ operator }) => {
    const body = { name: '', nickname: 'x', surname: 'x' };
    const answer = await operator.send(422, 'createOrganization', { body });
    const fields = (answer.json.error.fieldErrors ?? []).map(({ field }) => field);
    same(answer, 'the fields', fields.toSorted(), ['body.name', 'body.nickname', 'body.surname']);
  },
});
