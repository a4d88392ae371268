import { api, client } from '../api.ts';
import { Copyable } from '../ui/copyable.tsx';
import { Credentials } from './credentials.tsx';

const PERMISSIONS = {
  accounts: 'Opens integrations, accounts and endpoints.',
  approvals:
    'Also decides which calls of integrations run without a person. Give none to agents: they could loosen their own policies.',
};

/** The API tokens of an organization. */
export function Tokens({ organizationId: org_id }: { readonly organizationId: string }) {
  const query = api.useQuery('get', '/admin/api/v1/organizations/{org_id}/api-tokens', {
    params: { path: { org_id } },
  });
  const create = api.useMutation('post', '/admin/api/v1/organizations/{org_id}/api-tokens');
  return (
    <Credentials
      kind="API token"
      use="Integrations, accounts and endpoints, as a bearer token."
      query={query}
      permissions={PERMISSIONS}
      firstPermission="accounts"
      onCreate={async (body) => {
        const { token } = await create.mutateAsync({ params: { path: { org_id } }, body });
        return <Copyable label="API token" value={token} />;
      }}
      onDelete={(id) =>
        client.DELETE('/admin/api/v1/organizations/{org_id}/api-tokens/{id}', { params: { path: { org_id, id } } })
      }
    />
  );
}
