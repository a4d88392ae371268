import { isDeepStrictEqual } from 'node:util';
import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, disabled } from './shared-support.ts';
import { created as createdOrganization, INVALID, NOWHERE, refused } from './support.ts';

/** Ids of new organizations. */
const organizations = async (operator: Caller, ...names: string[]): Promise<string[]> => {
  const ids: string[] = [];
  for (const name of names) {
    ids.push((await createdOrganization(operator, name)).org_id);
  }
  return ids;
};

/** Whom an answer says a server is granted to; the order of organizations means nothing. */
function grantIn({ json: { organizations: grant } }: Answer<{ readonly organizations: 'all' | string[] }>) {
  return typeof grant === 'string' ? grant : grant.toSorted();
}

/** getSharedServerOrganizations and setSharedServerOrganizations. */
export const grantChecks = checks('operator', {
  'setSharedServerOrganizations: nobody at first, then those that were set, and no other': async ({
    operator,
    name,
  }) => {
    const grants = await created(operator, disabled(name('grants')));
    const neighbour = await created(operator, disabled(name('grants-other')));
    const first = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
    same(first, 'organizations', grantIn(first), []);
    const [a = '', b = ''] = await organizations(operator, name('grants-a'), name('grants-b'));
    for (const set of [[a], [b, a], [b], 'all' as const, [a], []]) {
      const expected = typeof set === 'string' ? set : set.toSorted();
      const answer = await operator.call(200, 'setSharedServerOrganizations', {
        path: grants,
        body: { organizations: set },
      });
      same(answer, 'organizations', grantIn(answer), expected);
      const again = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
      same(again, 'organizations', grantIn(again), expected);
    }
    const answer = await operator.call(200, 'getSharedServerOrganizations', { path: neighbour });
    same(answer, 'the organizations of another server', grantIn(answer), []);
  },

  'setSharedServerOrganizations: an organization that is not there is refused, and nothing is changed': async ({
    operator,
    name,
  }) => {
    const grants = await created(operator, disabled(name('unknown')));
    const [a = '', gone = ''] = await organizations(operator, name('unknown-a'), name('unknown-gone'));
    await operator.call(200, 'setSharedServerOrganizations', { path: grants, body: { organizations: [a, gone] } });
    await operator.call(200, 'deleteOrganization', { path: { org_id: gone } });
    const left = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
    same(left, 'organizations', grantIn(left), [a]);
    for (const unknown of [NOWHERE.org_id, gone]) {
      for (const set of [[unknown], [a, unknown]]) {
        await refused(
          operator,
          INVALID,
          'setSharedServerOrganizations',
          { path: grants, body: { organizations: set } },
          'body.organizations',
        );
      }
    }
    const answer = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
    same(answer, 'organizations', grantIn(answer), [a]);
  },

  'setSharedServerOrganizations: of several that come at once one is left, and none fails': async ({
    operator,
    name,
  }) => {
    const grants = await created(operator, disabled(name('grants-at-once')));
    const [a = '', b = '', c = ''] = await organizations(operator, name('at-a'), name('at-b'), name('at-c'));
    const sets = [[a, b].toSorted(), [c], []];
    const several = sets.flatMap((set) => [set, set, set, set]);
    for (let times = 0; times < 5; times++) {
      await Promise.all(
        several.map((set) =>
          operator.call(200, 'setSharedServerOrganizations', { path: grants, body: { organizations: set } }),
        ),
      );
      const answer = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
      const left = grantIn(answer);
      holds(
        answer,
        sets.some((one) => isDeepStrictEqual(one, left)),
        'one of the grants that were set',
        left,
      );
      await operator.call(200, 'setSharedServerOrganizations', { path: grants, body: { organizations: [] } });
    }
  },

  'setSharedServerOrganizations: what is wrong, missing or unknown is refused by name': async ({ operator, name }) => {
    const grants = await created(operator, disabled(name('grants-wrong')));
    const [a = ''] = await organizations(operator, name('grants-wrong'));
    for (const wrong of ['some', 'ALL', null, 1, {}, ['acme'], ['all'], [a, a]]) {
      const answer = await refused(operator, INVALID, 'setSharedServerOrganizations', {
        path: grants,
        body: { organizations: wrong },
      });
      holds(answer, answer.text.includes('"body.organizations'), 'a field error of body.organizations', answer.json);
    }
    await refused(operator, INVALID, 'setSharedServerOrganizations', { path: grants, body: {} }, 'body.organizations');
    const body = { organizations: [a], organisations: [] };
    await refused(operator, INVALID, 'setSharedServerOrganizations', { path: grants, body }, 'body.organisations');
    const answer = await operator.call(200, 'getSharedServerOrganizations', { path: grants });
    same(answer, 'organizations', grantIn(answer), []);
  },
});
