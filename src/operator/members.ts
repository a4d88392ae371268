import { audit } from '../audit/changes.ts';
import type { Caller } from '../base/caller.ts';
import { conflict, invalidValue, notFound } from '../base/errors.ts';
import type { MemberPermission } from '../contract/closed-words.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/members.ts';
import { findOrganization } from './organizations.ts';

/** The fields of a new member. Without an organization it is an operator. */
type Fields = Pick<store.Member, 'claim' | 'value' | 'organizationId' | 'permissions'>;

/** Returns all members, oldest first. */
export const listMembers = ({ store: { read } }: Deps): Promise<store.Member[]> => store.list(read);

/** Creates a member. Throws `not_found` for the organization, `conflict`, and `validation_failed` for permissions elsewhere. */
export async function createMember(deps: Deps, caller: Caller, fields: Fields): Promise<store.Member> {
  const { organizationId, claim, value, permissions } = fields;
  requireFitting(organizationId, permissions);
  const member = { ...fields, id: deps.ids.uuid(), createdAt: deps.now() };
  await deps.store.write(async (db) => {
    if (organizationId !== null) {
      await findOrganization(db, organizationId);
    }
    const others = await store.listByClaim(db, claim, [value]);
    if (others.some((other) => other.organizationId === organizationId)) {
      throw conflict('There is such a member already. Delete it, and create it with other permissions.');
    }
    await store.insert(db, member);
    await audit(db, {
      at: member.createdAt,
      actor: caller,
      ...(organizationId !== null && { organizationId }),
      action: 'member.created',
      target: { kind: 'member', id: member.id },
      details: { claim, permissions },
    });
  });
  return member;
}

function requireFitting(organizationId: string | null, permissions: readonly MemberPermission[]): void {
  if (organizationId === null && permissions.some((permission) => permission !== 'operator')) {
    throw invalidValue(['permissions'], 'must be operator alone without an organization', 'permissions');
  }
  if (organizationId !== null && permissions.includes('operator')) {
    throw invalidValue(['permissions'], 'may have operator only without an organization', 'permissions');
  }
}

/** Deletes a member; the sessions that came from it end at once. Throws `not_found`. */
export async function deleteMember(deps: Deps, caller: Caller, id: string): Promise<void> {
  await deps.store.write(async (db) => {
    const member = await store.find(db, id);
    if (member === null) {
      throw notFound('Member', `No member with id ${id}.`);
    }
    await store.remove(db, id);
    await audit(db, {
      at: deps.now(),
      actor: caller,
      ...(member.organizationId !== null && { organizationId: member.organizationId }),
      action: 'member.deleted',
      target: { kind: 'member', id },
    });
  });
}
