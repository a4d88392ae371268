import { Group, Paper, Stack, Text } from '@mantine/core';
import { Link, useSearch } from '@tanstack/react-router';
import { AccountKind, AccountRow, useAccounts } from '../accounts/account-name.tsx';
import { api } from '../api.ts';
import { BelowLink } from '../ui/below-link.tsx';
import { Instant } from '../ui/instant.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { BY_CURSOR, LoadedRows } from '../ui/load-more.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS } from '../ui/page-pager.tsx';
import { type EndpointData, ExpiryBadge, Scope } from './scope.tsx';

/** The endpoints of an account; without one in the address, the accounts to choose from. */
export function Endpoints() {
  const { account } = useSearch({ from: '/inside/endpoints' });
  return account === undefined ? <ChooseAccount /> : <EndpointsOf key={account} account={account} />;
}

function ChooseAccount() {
  const accounts = useAccounts();
  return (
    <Page title="Endpoints">
      <Text>
        An endpoint is a URL that gives the tools of one account to an MCP client. Choose the account: a server, or the
        connection of an integration.
      </Text>
      <LoadedRows pages={accounts}>
        {(rows) => (
          <Stack gap="xs">
            {rows.length === 0 && (
              <Text>There is no account yet. Add a server, or an account of an integration, first.</Text>
            )}
            {rows.map((account) => (
              <AccountRow
                key={account.id}
                account={account}
                link={(name) => (
                  <Link to="/endpoints" search={{ account: account.id }}>
                    {name}
                  </Link>
                )}
              />
            ))}
          </Stack>
        )}
      </LoadedRows>
    </Page>
  );
}

function EndpointsOf({ account: id }: { readonly account: string }) {
  const account = api.useQuery('get', '/integrated-account/{id}', { params: { path: { id } } });
  const endpoints = api.useInfiniteQuery(
    'get',
    '/integrated-account/{integrated_account_id}/mcp',
    { params: { path: { integrated_account_id: id }, query: { limit: PAGE_ROWS } } },
    BY_CURSOR,
  );
  return (
    <BelowLink
      link={
        <Link to="/endpoints" search={{}}>
          All accounts
        </Link>
      }
    >
      <Loaded query={account}>
        {(data) => (
          <Page
            title={
              <>
                Endpoints of <Outside>{data.display_name}</Outside>
              </>
            }
            name={`Endpoints of ${data.display_name}`}
            actions={
              <LinkButton to="/endpoints/mint/$accountId" params={{ accountId: id }}>
                Mint an endpoint
              </LinkButton>
            }
          >
            <AccountKind account={data} />
            <LoadedRows pages={endpoints}>
              {(rows) => (
                <Stack gap="xs">
                  {rows.length === 0 && (
                    <Text>There is no endpoint yet. Mint one to give these tools to an MCP client.</Text>
                  )}
                  {rows.map((endpoint) => (
                    <Row key={endpoint.id} endpoint={endpoint} />
                  ))}
                </Stack>
              )}
            </LoadedRows>
          </Page>
        )}
      </Loaded>
    </BelowLink>
  );
}

const Row = ({ endpoint }: { readonly endpoint: EndpointData }) => (
  <Paper withBorder p="sm">
    <Group justify="space-between" align="flex-start" gap="xs">
      <Stack gap={2} className="grows">
        <Link
          to="/endpoints/$accountId/$endpointId"
          params={{ accountId: endpoint.integrated_account_id, endpointId: endpoint.id }}
        >
          <Text span fw={600}>
            <Outside>{endpoint.name}</Outside>
          </Text>
        </Link>
        <Scope {...endpoint} />
      </Stack>
      <Group gap="xs">
        <ExpiryBadge at={endpoint.expires_at} />
        <Text size="sm">
          minted <Instant at={endpoint.created_at} />
        </Text>
      </Group>
    </Group>
  </Paper>
);
