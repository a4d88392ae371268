import { audit } from '../audit/changes.ts';
import { notFound } from '../base/errors.ts';
import { instant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, requireMatch } from '../http/etag.ts';
import * as store from '../store/organizations.ts';
import type { Db } from '../store/store.ts';
import * as usage from '../store/usage.ts';

type OrganizationOperations =
  | 'listOrganizations'
  | 'createOrganization'
  | 'getOrganization'
  | 'getOrganizationUsage'
  | 'deleteOrganization';

/** Operator API: tenants. */
export const organizationHandlers = (deps: Deps): Handlers<OrganizationOperations> => ({
  listOrganizations: async (_input, respond) => respond(200, (await store.list(deps.store.read)).map(toWire)),

  createOrganization: async ({ body, caller }, respond) => {
    const at = deps.now();
    const organization = await deps.store.write(async (db) => {
      const id = deps.ids.organization();
      const created = await store.insert(db, { id, name: body.name, createdAt: at, updatedAt: at });
      const target = { kind: 'organization', id } as const;
      await audit(db, { at, actor: caller, organizationId: id, action: 'organization.created', target });
      return created;
    });
    const headers = { Location: `/admin/api/v1/organizations/${organization.id}`, ETag: etag(organization.version) };
    return respond(201, toWire(organization), headers);
  },

  getOrganization: async ({ params }, respond) => {
    const organization = await findOrganization(deps.store.read, params.org_id);
    return respond(200, toWire(organization), { ETag: etag(organization.version) });
  },

  getOrganizationUsage: async ({ params }, respond) => {
    const { id } = await findOrganization(deps.store.read, params.org_id);
    const used = await usage.of(deps.store.read, id, usage.RESOURCES);
    const { quotas, budget } = deps;
    const counted = (resource: usage.Resource) => ({ used: used[resource], limit: quotas[resource] });
    return respond(200, {
      organization: id,
      usage: {
        servers: counted('servers'),
        integrations: counted('integrations'),
        accounts: counted('accounts'),
        endpoints: counted('endpoints'),
        credentials: counted('credentials'),
        tools: { usedBytes: used.tool_bytes, limitBytes: quotas.tool_bytes },
      },
      memory: { heldBytes: budget.heldBytes(id), shareBytes: budget.shareBytes },
    });
  },

  deleteOrganization: async ({ params, headers, caller }, respond) => {
    const id = params.org_id;
    await deps.store.write(async (db) => {
      const { version } = await findOrganization(db, id);
      requireMatch(headers['if-match'], version);
      await store.remove(db, id);
      const target = { kind: 'organization', id } as const;
      await audit(db, { at: deps.now(), actor: caller, organizationId: id, action: 'organization.deleted', target });
    });
    deps.runtime.release(id);
    return respond(200, { id, deleted: true });
  },
});

/** The organization with this id. Throws `not_found`. */
export async function findOrganization(db: Db, id: string): Promise<store.Organization> {
  const organization = await store.find(db, id);
  if (organization === null) {
    throw notFound('Organization', `No organization with id ${id}.`);
  }
  return organization;
}

const toWire = ({ id, name, createdAt, updatedAt }: store.Organization) => ({
  id,
  name,
  createdAt: instant(createdAt),
  updatedAt: instant(updatedAt),
});
