import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type { Organization } from '../store/organizations.ts';
import type { Resource } from '../store/usage.ts';
import {
  createOrganization,
  deleteOrganization,
  getOrganization,
  getUsage,
  listOrganizations,
} from './organizations.ts';

type OrganizationOperations =
  | 'listOrganizations'
  | 'createOrganization'
  | 'getOrganization'
  | 'getOrganizationUsage'
  | 'deleteOrganization';

/** Creates the handlers of organizations (Operator API). */
export const organizationHandlers = (deps: Deps): Handlers<OrganizationOperations> => ({
  listOrganizations: async (_input, respond) => respond(200, (await listOrganizations(deps)).map(toWire)),

  createOrganization: async ({ body, caller }, respond) => {
    const organization = await createOrganization(deps, caller, body.name);
    const headers = { Location: `/admin/api/v1/organizations/${organization.id}`, ETag: etag(organization.version) };
    return respond(201, toWire(organization), headers);
  },

  getOrganization: async ({ params }, respond) => {
    const organization = await getOrganization(deps, params.org_id);
    return respond(200, toWire(organization), { ETag: etag(organization.version) });
  },

  getOrganizationUsage: async ({ params }, respond) => {
    const id = params.org_id;
    const used = await getUsage(deps, id);
    const { quotas, budget } = deps;
    const counted = (resource: Resource) => ({ used: used[resource], limit: quotas[resource] });
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
    await deleteOrganization(deps, caller, params.org_id, parseIfMatch(headers['if-match']));
    return respond(200, { id: params.org_id, deleted: true });
  },
});

const toWire = ({ id, name, createdAt, updatedAt }: Organization) => ({
  id,
  name,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
