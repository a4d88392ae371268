import { Text } from '@mantine/core';
import { api, Problem } from '../api.ts';
import { mayOneOf, useSession } from '../session.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { OperatorSteps, OrganizationSteps } from './first-steps.tsx';
import { Summary, type Things } from './summary.tsx';

/** Milliseconds between two looks at the numbers. */
const POLL_MS = 15_000;

/** What needs the person who is signed in, and the calls of each day: of the organization, and of all for the operator. */
export function Overview() {
  const session = useSession();
  const isOperator = mayOneOf(session, ['operator']);
  return (
    <Page title="Overview">
      {session.organization !== null && <OfOrganization of={isOperator ? session.organization.name : null} />}
      {isOperator && <OfAll />}
    </Page>
  );
}

function OfOrganization({ of }: { readonly of: string | null }) {
  const query = api.useQuery('get', '/api/overview', {}, { refetchInterval: POLL_MS });
  const error: unknown = query.error;
  if (error instanceof Problem && error.status === 403) {
    return <Text>The overview of your organization needs a key pair. Sign in with one to see it.</Text>;
  }
  return (
    <Loaded query={query}>
      {({ data: { approval_requests: requests, servers, expiring_endpoints, expiring_credentials, calls } }) => {
        const things: Things = {
          pending: requests.pending,
          servers: { ...servers, idle: servers.unknown, idleName: 'not used yet' },
          failing: servers.failing.map(({ last_error: error, ...server }) => ({ ...server, error })),
          endpoints: expiring_endpoints.map(({ id, account_id, name, expires_at: at }) => ({
            id,
            name,
            at,
            accountId: account_id,
            organization: null,
          })),
          credentials: expiring_credentials.map(({ expires_at: at, ...one }) => ({ ...one, at, organization: null })),
          calls,
        };
        const isNew = calls.every((day) => day.calls === 0);
        return (
          <>
            {isNew && <OrganizationSteps servers={servers.connected + servers.unreachable + servers.unknown} />}
            <Summary things={things} of={of} />
          </>
        );
      }}
    </Loaded>
  );
}

function OfAll() {
  const query = api.useQuery('get', '/admin/api/v1/overview', {}, { refetchInterval: POLL_MS });
  const { organization } = useSession();
  return (
    <Loaded query={query}>
      {({ approvalRequests: requests, servers, expiringEndpoints, expiringCredentials, calls }) => {
        const things: Things = {
          pending: requests.pending,
          servers: { ...servers, idle: servers.connecting + servers.disabled, idleName: 'connecting or switched off' },
          failing: [],
          endpoints: expiringEndpoints.map(({ expiresAt: at, ...one }) => ({ ...one, at })),
          credentials: expiringCredentials.map(({ expiresAt: at, ...one }) => ({ ...one, at })),
          calls,
        };
        const isNew = calls.every((day) => day.calls === 0);
        return (
          <>
            {isNew && organization === null && <OperatorSteps />}
            <Summary things={things} of={organization === null ? null : 'all organizations'} isOperator />
          </>
        );
      }}
    </Loaded>
  );
}
