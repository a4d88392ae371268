import { List, Text } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { visibleText } from '../../base/visible-text.ts';
import { api, client, type Schemas } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Facts, Until } from '../ui/facts.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { KeyPairs } from './key-pairs.tsx';
import { Tokens } from './tokens.tsx';
import { Usage } from './usage.tsx';

/** One organization: how much of its quotas it uses, and its credentials. */
export function Organization() {
  const { organizationId: org_id } = useParams({ from: '/inside/organizations/$organizationId' });
  const params = { params: { path: { org_id } } };
  const query = api.useQuery('get', '/admin/api/v1/organizations/{org_id}', params);
  const usage = api.useQuery('get', '/admin/api/v1/organizations/{org_id}/usage', params);
  return (
    <Loaded query={query}>
      {(organization) => (
        <Page
          title={<Outside>{organization.name}</Outside>}
          name={organization.name}
          actions={<Delete organization={organization} usage={usage.data?.usage} />}
        >
          <Facts
            facts={[
              ['Id', <Outside key="id">{organization.id}</Outside>],
              ['Created', <Until key="created" at={organization.createdAt} />],
            ]}
          />
          <Tokens organizationId={org_id} />
          <KeyPairs organizationId={org_id} />
          <Loaded query={usage}>{(data) => <Usage usage={data} />}</Loaded>
        </Page>
      )}
    </Loaded>
  );
}

type DeleteProps = {
  readonly organization: Schemas['Organization'];
  readonly usage: Schemas['OrganizationUsage']['usage'] | undefined;
};

function Delete({ organization: { id, name }, usage }: DeleteProps) {
  const navigate = useNavigate();
  return (
    <ConfirmButton
      action="Delete"
      title={`Delete ${visibleText(name)}?`}
      onConfirm={async () => {
        await client.DELETE('/admin/api/v1/organizations/{org_id}', { params: { path: { org_id: id } } });
        await navigate({ to: '/organizations', search: { page: 0, name: '' } });
      }}
    >
      <Text>These go with it, at once and for good:</Text>
      <List>
        {usage !== undefined && (
          <>
            <List.Item>servers of its own: {usage.servers.used}</List.Item>
            <List.Item>integrations: {usage.integrations.used}</List.Item>
            <List.Item>accounts: {usage.accounts.used}</List.Item>
            <List.Item>endpoints: {usage.endpoints.used}; clients that use them are refused</List.Item>
            <List.Item>
              API tokens and key pairs: {usage.credentials.used}; who has signed in with them is signed out
            </List.Item>
          </>
        )}
        <List.Item>its members, approval requests and webhooks</List.Item>
      </List>
      <Text>Its audit events remain.</Text>
    </ConfirmButton>
  );
}
