import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { getGrants, setGrants } from './grants.ts';

type GrantOperations = 'getSharedServerOrganizations' | 'setSharedServerOrganizations';

/** Creates the handlers of grants (Operator API): the organizations that may use a shared server. */
export const grantHandlers = (deps: Deps): Handlers<GrantOperations> => ({
  getSharedServerOrganizations: async ({ params }, respond) =>
    respond(200, { organizations: await getGrants(deps, params.mcp_id) }),

  setSharedServerOrganizations: async ({ params, body, caller }, respond) =>
    respond(200, { organizations: await setGrants(deps, caller, params.mcp_id, body.organizations) }),
});
