import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { api } from '../api.ts';
import { BelowLink } from '../ui/below-link.tsx';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Facts, Until } from '../ui/facts.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { EndpointForm } from './form.tsx';
import { type EndpointData, ExpiryBadge } from './scope.tsx';
import { bodyOf, valuesOf } from './values.ts';

const PATH = '/integrated-account/{integrated_account_id}/mcp/{id}';

/** One endpoint: what it serves, how long, and its end. */
export function Endpoint() {
  const { accountId, endpointId } = useParams({ from: '/inside/endpoints/$accountId/$endpointId' });
  const path = { integrated_account_id: accountId, id: endpointId };
  const query = api.useQuery('get', PATH, { params: { path } });
  return (
    <BelowLink
      link={
        <Link to="/endpoints" search={{ account: accountId }}>
          All endpoints of this account
        </Link>
      }
    >
      <Loaded query={query}>
        {(endpoint) => (
          <Page
            title={<Outside>{endpoint.name}</Outside>}
            name={endpoint.name}
            actions={
              <>
                <ExpiryBadge at={endpoint.expires_at} />
                <Revoke endpoint={endpoint} />
              </>
            }
          >
            <AccountOf id={accountId} endpoint={endpoint} />
            <Text size="sm">
              The URL and the token cannot be shown again. If they are lost, revoke this endpoint and mint another.
            </Text>
            <Edit key={endpoint.updated_at} endpoint={endpoint} />
          </Page>
        )}
      </Loaded>
    </BelowLink>
  );
}

function AccountOf({ id, endpoint }: { readonly id: string; readonly endpoint: EndpointData }) {
  const { data } = api.useQuery('get', '/integrated-account/{id}', { params: { path: { id } } });
  return (
    <Facts
      facts={[
        ['Account', data === undefined ? '…' : <Outside key="account">{data.display_name}</Outside>],
        ['Expires', endpoint.expires_at === null ? 'never' : <Until key="expires" at={endpoint.expires_at} />],
        ['Minted', <Until key="minted" at={endpoint.created_at} />],
        ['Changed', <Until key="changed" at={endpoint.updated_at} />],
        ['Id', <code key="id">{endpoint.id}</code>],
      ]}
    />
  );
}

function Edit({ endpoint }: { readonly endpoint: EndpointData }) {
  const save = api.useMutation('patch', PATH, {
    onSuccess: () => notifications.show({ message: 'Saved. Clients see it with their next list of tools.' }),
  });
  const initial = valuesOf(endpoint);
  return (
    <EndpointForm
      account={endpoint.integrated_account_id}
      initial={initial}
      submitText="Save"
      isSending={save.isPending}
      error={save.error}
      onSubmit={(values) => {
        const { expires_at, ...body } = bodyOf(values);
        const keepsExpiry = JSON.stringify(values.expiry) === JSON.stringify(initial.expiry);
        save.mutate({
          params: { path: { integrated_account_id: endpoint.integrated_account_id, id: endpoint.id } },
          // The server refuses an end that is over or near, also one that the person has not changed.
          body: { ...body, ...(!keepsExpiry && { expires_at: expires_at ?? null }) },
        });
      }}
    />
  );
}

function Revoke({ endpoint: { name, id, integrated_account_id: account } }: { readonly endpoint: EndpointData }) {
  const navigate = useNavigate();
  const revoke = api.useMutation('delete', PATH);
  return (
    <ConfirmButton
      action="Revoke"
      title={
        <>
          Revoke <Outside>{name}</Outside>?
        </>
      }
      onConfirm={async () => {
        await revoke.mutateAsync({ params: { path: { integrated_account_id: account, id } } });
        await navigate({ to: '/endpoints', search: { account } });
      }}
    >
      <Text size="sm">Its URL stops working at once, in every client that has it. This cannot be undone.</Text>
    </ConfirmButton>
  );
}
