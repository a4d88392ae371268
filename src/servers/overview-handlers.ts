import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { type Overview, readOverview, readServersByHealth } from './overview.ts';
import { keyPairOf, serverId, successEnvelope } from './wire.ts';

/** Creates the handler of the overview of an organization (Servers API). */
export const overviewHandlers = (deps: Deps): Handlers<'getOverview'> => ({
  getOverview: async ({ caller }, respond) => {
    const { organizationId } = keyPairOf(caller);
    const [overview, { failing, ...servers }] = await Promise.all([
      readOverview(deps, organizationId),
      readServersByHealth(deps, organizationId),
    ]);
    return respond(
      200,
      successEnvelope('Overview retrieved successfully', {
        approval_requests: { pending: overview.pendingRequests },
        servers: {
          ...servers,
          failing: failing.map(({ id, name, since, lastError }) => ({
            id: serverId(id),
            name,
            since,
            last_error: lastError,
          })),
        },
        expiring_endpoints: overview.endpoints.map(({ id, accountId: account_id, name, expiresAt: expires_at }) => ({
          id,
          account_id,
          name,
          expires_at,
        })),
        expiring_credentials: overview.credentials.map(({ id, kind, name, expiresAt: expires_at }) => ({
          id,
          kind,
          name,
          expires_at,
        })),
        calls: toCallDays(overview),
      }),
    );
  },
});

/** Writes the calls of an overview, a day in UTC each. */
export const toCallDays = ({ calls }: Pick<Overview, 'calls'>) =>
  calls.map(({ day, ...numbers }) => ({ day: new Date(day).toISOString().slice(0, 10), ...numbers }));
