import { Group, Text } from '@mantine/core';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { api } from '../api.ts';
import { BelowLink } from '../ui/below-link.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Facts, Until } from '../ui/facts.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { type Account, AccountStatus, isServer } from './account-name.tsx';
import { AccountTools } from './account-tools.tsx';
import { EditAccount } from './edit.tsx';

/** One account: what it connects to, its tools, and what may be changed. */
export function AccountPage() {
  const { accountId: id } = useParams({ from: '/inside/accounts/$accountId' });
  const query = api.useQuery('get', '/integrated-account/{id}', { params: { path: { id } } });
  return (
    <BelowLink link={<Link to="/accounts">All accounts</Link>}>
      <Loaded query={query}>
        {(account) => (
          <Page
            title={<Outside>{account.tenant_id ?? account.display_name}</Outside>}
            name={account.tenant_id ?? account.display_name}
            actions={
              <>
                <AccountStatus status={account.status} />
                <LinkButton to="/endpoints" search={{ account: id }} variant="default">
                  Endpoints
                </LinkButton>
                {!isServer(account) && <DeleteAccount account={account} />}
              </>
            }
          >
            <WhatItIs account={account} />
            <AccountTools account={account} />
            {!isServer(account) && <EditAccount key={account.updated_at} account={account} />}
          </Page>
        )}
      </Loaded>
    </BelowLink>
  );
}

function WhatItIs({ account }: { readonly account: Account }) {
  const { integration, environment_integration_id: of } = account;
  return (
    <Facts
      facts={[
        [
          'Connects to',
          of === null ? (
            'a server, which is changed under Servers'
          ) : (
            <Link key="integration" to="/integrations/$integrationId" params={{ integrationId: of }}>
              <Outside>{integration.name}</Outside>
            </Link>
          ),
        ],
        ['Credentials', METHODS[account.authentication_method]],
        ...(account.status === 'active' ? [] : [['Status', STATUS_SENTENCES[account.status]] as const]),
        ['Created', <Until key="created" at={account.created_at} />],
        ['Changed', <Until key="changed" at={account.updated_at} />],
      ]}
    />
  );
}

const METHODS: Readonly<Record<Account['authentication_method'], string>> = {
  api_key: 'an API key',
  basic: 'a user name and a password',
  bearer: 'a token',
  oauth2_client_credentials: 'a client id and a secret',
  schemes: 'for security schemes of the document',
  none: 'none',
};

const STATUS_SENTENCES = {
  needs_reauth: 'The service has refused the credentials. Replace them below.',
  validation_error: 'A call needs what the account does not have.',
};

function DeleteAccount({ account }: { readonly account: Account }) {
  const navigate = useNavigate();
  const remove = api.useMutation('delete', '/integrated-account/{id}');
  const endpoints = api.useQuery('get', '/integrated-account/{integrated_account_id}/mcp', {
    params: { path: { integrated_account_id: account.id }, query: { limit: 1000 } },
  });
  const own = endpoints.data?.result ?? [];
  const name = account.tenant_id ?? account.display_name;
  return (
    <ConfirmButton
      action="Delete"
      title={
        <>
          Delete <Outside>{name}</Outside>?
        </>
      }
      onConfirm={async () => {
        await remove.mutateAsync({ params: { path: { id: account.id } } });
        await navigate({ to: '/accounts', search: {} });
      }}
    >
      <Text size="sm">Its credentials and tool approvals go. This cannot be undone.</Text>
      <Group gap={4}>
        <Text size="sm">
          {own.length === 0 ? (
            'It has no endpoint.'
          ) : (
            <>
              {endpoints.data?.next_cursor === null ? '' : 'More than '}
              {own.length === 1 ? 'One endpoint goes' : `${own.length} endpoints go`} too, and the URLs stop working at
              once:{' '}
              <Outside>
                {own
                  .slice(0, 10)
                  .map((endpoint) => endpoint.name)
                  .join(', ')}
              </Outside>
            </>
          )}
        </Text>
      </Group>
    </ConfirmButton>
  );
}
