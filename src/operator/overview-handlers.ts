import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { readOverview } from '../servers/overview.ts';
import { toCallDays } from '../servers/overview-handlers.ts';
import { sharedServerStatuses } from './runtime-status.ts';

/** Creates the handler of the overview of all organizations (Operator API). */
export const overviewHandlers = (deps: Deps): Handlers<'getOperatorOverview'> => ({
  getOperatorOverview: async (_input, respond) => {
    const [overview, statuses] = await Promise.all([readOverview(deps, null), sharedServerStatuses(deps)]);
    const servers = { connected: 0, connecting: 0, unreachable: 0, disabled: 0 };
    for (const { state } of statuses) {
      servers[state] += 1;
    }
    return respond(200, {
      approvalRequests: { pending: overview.pendingRequests },
      servers,
      expiringEndpoints: overview.endpoints.map(({ id, organizationId, accountId, name, expiresAt }) => ({
        id,
        organization: organizationId,
        accountId,
        name,
        expiresAt: formatInstant(expiresAt),
      })),
      expiringCredentials: overview.credentials.map(({ id, organizationId, kind, name, expiresAt }) => ({
        id,
        organization: organizationId,
        kind,
        name,
        expiresAt: formatInstant(expiresAt),
      })),
      calls: toCallDays(overview),
    });
  },
});
