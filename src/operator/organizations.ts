import { audit } from '../audit/changes.ts';
import type { Caller } from '../base/caller.ts';
import { notFound } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/organizations.ts';
import type { Db } from '../store/store.ts';
import * as usage from '../store/usage.ts';

type Organization = store.Organization;

/** Returns every organization, oldest first. */
export const listOrganizations = ({ store: { read } }: Deps): Promise<Organization[]> => store.list(read);

/** Creates an empty organization. */
export async function createOrganization(deps: Deps, caller: Caller, name: string): Promise<Organization> {
  const at = deps.now();
  return deps.store.write(async (db) => {
    const id = deps.ids.organization();
    const created = await store.insert(db, { id, name, createdAt: at, updatedAt: at });
    const target = { kind: 'organization', id } as const;
    await audit(db, { at, actor: caller, organizationId: id, action: 'organization.created', target });
    return created;
  });
}

/** Returns the current organization with this id. Throws `not_found`. */
export const getOrganization = ({ store: { read } }: Deps, id: string): Promise<Organization> =>
  findOrganization(read, id);

/** Returns the usage of each resource of an organization. Throws `not_found`. */
export async function getUsage({ store: { read } }: Deps, id: string): Promise<Record<usage.Resource, number>> {
  await findOrganization(read, id);
  return usage.of(read, id, usage.RESOURCES);
}

/** Deletes an organization with all its objects. Throws `not_found`, `precondition_failed`. */
export async function deleteOrganization(
  { store: database, now, runtime }: Deps,
  caller: Caller,
  id: string,
  expected: ExpectedVersion,
): Promise<void> {
  await database.write(async (db) => {
    const { version } = await findOrganization(db, id);
    requireVersion(expected, version);
    await store.remove(db, id);
    const target = { kind: 'organization', id } as const;
    await audit(db, { at: now(), actor: caller, organizationId: id, action: 'organization.deleted', target });
  });
  runtime.release(id);
}

/** Finds the organization with this id. Throws `not_found`. */
export async function findOrganization(db: Db, id: string): Promise<Organization> {
  const organization = await store.find(db, id);
  if (organization === null) {
    throw notFound('Organization', `No organization with id ${id}.`);
  }
  return organization;
}
