import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import type { Member } from '../store/members.ts';
import { createMember, deleteMember, listMembers } from './members.ts';

/** Creates the handlers of members (Operator API). */
export const memberHandlers = (deps: Deps): Handlers<'listMembers' | 'createMember' | 'deleteMember'> => ({
  listMembers: async (_input, respond) => respond(200, (await listMembers(deps)).map(toWire)),

  createMember: async ({ body, caller }, respond) => {
    const member = await createMember(deps, caller, body);
    return respond(201, toWire(member), { Location: `/admin/api/v1/members/${member.id}` });
  },

  deleteMember: async ({ params, caller }, respond) => {
    await deleteMember(deps, caller, params.id);
    return respond(200, { id: params.id, deleted: true });
  },
});

const toWire = ({ permissions, createdAt, ...member }: Member) => ({
  ...member,
  permissions: [...permissions],
  createdAt: formatInstant(createdAt),
});
