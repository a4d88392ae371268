import { checks } from '../../check.ts';
import { same } from '../../expect.ts';
import { created as createdOrganization, INVALID, MISSING, NOWHERE, refused } from './support.ts';

/** Members: what people of the OpenID provider may do. */
export const memberChecks = checks('operator', {
  'createMember: it is listed as it was created, and is gone when it is deleted': async ({ operator, name }) => {
    const { org_id: organizationId } = await createdOrganization(operator, name('members'));
    const claim = { claim: 'groups', value: name('group') };
    const wanted = [
      { ...claim, organizationId, permissions: ['accounts', 'servers', 'approvals'] },
      { ...claim, organizationId: null, permissions: ['operator'] },
    ] as const;
    for (const body of wanted) {
      const made = await operator.send(201, 'createMember', { body });
      const { id, createdAt, ...fields } = made.json;
      same(made, 'the member', fields, body);
      same(made, 'Location', made.location, `/admin/api/v1/members/${id}`);
      const listed = await operator.call(200, 'listMembers');
      same(
        listed,
        'the listed member',
        listed.json.find((member) => member.id === id),
        { id, ...body, createdAt },
      );
      const path = { id };
      const deleted = await operator.call(200, 'deleteMember', { path });
      same(deleted, 'the answer', deleted.json, { id, deleted: true });
      await operator.call(404, 'deleteMember', { path });
      const after = await operator.call(200, 'listMembers');
      same(
        after,
        'whether it is listed',
        after.json.some((member) => member.id === id),
        false,
      );
    }
  },

  'createMember: the same people cannot be members of an organization twice': async ({ operator, name }) => {
    const { org_id: organizationId } = await createdOrganization(operator, name('members'));
    const body = { claim: 'groups', value: name('twice'), organizationId, permissions: ['servers'] };
    await operator.send(201, 'createMember', { body });
    await operator.send(409, 'createMember', { body: { ...body, permissions: ['accounts'] } });
  },

  'createMember: operator goes with no organization, and nothing goes with it': async ({ operator, name }) => {
    const { org_id: organizationId } = await createdOrganization(operator, name('members'));
    const people = { claim: 'groups', value: name('wrong') };
    for (const [organization, permissions] of [
      [organizationId, ['operator']],
      [organizationId, ['servers', 'operator']],
      [null, ['servers']],
      [null, ['operator', 'accounts']],
      [null, []],
    ] as const) {
      const body = { ...people, organizationId: organization, permissions };
      await refused(operator, INVALID, 'createMember', { body }, 'body.permissions');
    }
    const body = { ...people, organizationId: NOWHERE.org_id, permissions: ['servers'] };
    await refused(operator, MISSING, 'createMember', { body });
  },
});
