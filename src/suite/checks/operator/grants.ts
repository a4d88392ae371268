import { isDeepStrictEqual } from 'node:util';
import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, disabled } from './shared-support.ts';
import { created as createdOrganization, INVALID, NOWHERE, organizationPath, refused } from './support.ts';

/** Ids of new organizations. */
const organizations = async (operator: Caller, ...names: string[]): Promise<string[]> => {
  const paths: string[] = [];
  for (const name of names) {
    paths.push(await createdOrganization(operator, name));
  }
  return paths.map(idIn);
};

const idIn = (path: string): string => path.split('/').at(-1) ?? '';

/** Whom an answer says a server is granted to; the order of organizations means nothing. */
function grantIn({ json }: Answer): string | string[] {
  const { organizations: grant } = json as { organizations: string | string[] };
  return typeof grant === 'string' ? grant : grant.toSorted();
}

/** getSharedServerOrganizations and setSharedServerOrganizations. */
export const grantChecks = checks('operator', {
  'setSharedServerOrganizations: nobody at first, then those that were set, and no other': async ({
    operator,
    name,
  }) => {
    const grants = `${await created(operator, disabled(name('grants')))}/organizations`;
    const neighbour = `${await created(operator, disabled(name('grants-other')))}/organizations`;
    const first = await operator.call(200, 'GET', grants);
    same(first, 'organizations', grantIn(first), []);
    const [a = '', b = ''] = await organizations(operator, name('grants-a'), name('grants-b'));
    for (const set of [[a], [b, a], [b], 'all', [a], []]) {
      const expected = typeof set === 'string' ? set : set.toSorted();
      const answer = await operator.call(200, 'PUT', grants, { body: { organizations: set } });
      same(answer, 'organizations', grantIn(answer), expected);
      const again = await operator.call(200, 'GET', grants);
      same(again, 'organizations', grantIn(again), expected);
    }
    const answer = await operator.call(200, 'GET', neighbour);
    same(answer, 'the organizations of another server', grantIn(answer), []);
  },

  'setSharedServerOrganizations: an organization that is not there is refused, and nothing is changed': async ({
    operator,
    name,
  }) => {
    const grants = `${await created(operator, disabled(name('unknown')))}/organizations`;
    const [a = '', gone = ''] = await organizations(operator, name('unknown-a'), name('unknown-gone'));
    await operator.call(200, 'PUT', grants, { body: { organizations: [a, gone] } });
    await operator.call(200, 'DELETE', organizationPath(gone));
    const left = await operator.call(200, 'GET', grants);
    same(left, 'organizations', grantIn(left), [a]);
    for (const unknown of [idIn(NOWHERE), gone]) {
      for (const set of [[unknown], [a, unknown]]) {
        await refused(operator, INVALID, 'PUT', grants, { body: { organizations: set } }, 'body.organizations');
      }
    }
    const answer = await operator.call(200, 'GET', grants);
    same(answer, 'organizations', grantIn(answer), [a]);
  },

  'setSharedServerOrganizations: of several that come at once one is left, and none fails': async ({
    operator,
    name,
  }) => {
    const grants = `${await created(operator, disabled(name('grants-at-once')))}/organizations`;
    const [a = '', b = '', c = ''] = await organizations(operator, name('at-a'), name('at-b'), name('at-c'));
    const sets = [[a, b].toSorted(), [c], []];
    const several = sets.flatMap((set) => [set, set, set, set]);
    for (let times = 0; times < 5; times++) {
      await Promise.all(several.map((set) => operator.call(200, 'PUT', grants, { body: { organizations: set } })));
      const answer = await operator.call(200, 'GET', grants);
      const left = grantIn(answer);
      holds(
        answer,
        sets.some((one) => isDeepStrictEqual(one, left)),
        'one of the grants that were set',
        left,
      );
      await operator.call(200, 'PUT', grants, { body: { organizations: [] } });
    }
  },

  'setSharedServerOrganizations: what is wrong, missing or unknown is refused by name': async ({ operator, name }) => {
    const grants = `${await created(operator, disabled(name('grants-wrong')))}/organizations`;
    const [a = ''] = await organizations(operator, name('grants-wrong'));
    for (const wrong of ['some', 'ALL', null, 1, {}, ['acme'], ['all'], [a, a]]) {
      const answer = await refused(operator, INVALID, 'PUT', grants, { body: { organizations: wrong } });
      holds(answer, answer.text.includes('"body.organizations'), 'a field error of body.organizations', answer.json);
    }
    await refused(operator, INVALID, 'PUT', grants, { body: {} }, 'body.organizations');
    const body = { organizations: [a], organisations: [] };
    await refused(operator, INVALID, 'PUT', grants, { body }, 'body.organisations');
    const answer = await operator.call(200, 'GET', grants);
    same(answer, 'organizations', grantIn(answer), []);
  },
});
