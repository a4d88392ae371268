import { audit } from '../audit/changes.ts';
import { invalid } from '../base/errors.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/grants.ts';
import { findSharedServer } from './shared-servers.ts';

type GrantOperations = 'getSharedServerOrganizations' | 'setSharedServerOrganizations';

/** Operator API: who may mint endpoints over a shared server. */
export const grantHandlers = (deps: Deps): Handlers<GrantOperations> => ({
  getSharedServerOrganizations: async ({ params }, respond) => {
    const { id } = await findSharedServer(deps.store.read, params.mcp_id);
    return respond(200, { organizations: (await store.organizationsOf(deps.store.read, id)) ?? [] });
  },

  setSharedServerOrganizations: async ({ params, body, caller }, respond) => {
    const { organizations } = body;
    const at = deps.now();
    const granted = await deps.store.write(async (db) => {
      const { id } = await findSharedServer(db, params.mcp_id);
      const unknown = await store.setOrganizations(db, id, organizations, at);
      if (unknown.length > 0) {
        const message = `no organization has the id ${unknown.slice(0, MOST_NAMED).join(', ')}`;
        throw invalid([{ field: 'body.organizations', message, rule: 'unknown' }]);
      }
      const target = { kind: 'server', id } as const;
      await audit(db, { at, actor: caller, action: 'server.granted', target, details: { organizations } });
      return (await store.organizationsOf(db, id)) ?? [];
    });
    // What an organization has left behind in its own connection is nobody else's.
    deps.runtime.restrict(params.mcp_id, granted);
    return respond(200, { organizations: granted });
  },
});

/** Unknown organizations that one message names. */
const MOST_NAMED = 20;
