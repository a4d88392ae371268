import { api, client } from '../api.ts';
import { Copyable } from '../ui/copyable.tsx';
import { Credentials } from './credentials.tsx';

const PERMISSIONS = {
  servers: 'Configures servers and webhooks.',
  approvals:
    'Decides about calls that wait, and which calls run without a person. Give none to agents: they could approve their own calls.',
};

/** The key pairs of an organization. */
export function KeyPairs({ organizationId: org_id }: { readonly organizationId: string }) {
  const query = api.useQuery('get', '/admin/api/v1/organizations/{org_id}/api-keys', { params: { path: { org_id } } });
  const create = api.useMutation('post', '/admin/api/v1/organizations/{org_id}/api-keys');
  return (
    <Credentials
      kind="key pair"
      use="Servers, approvals and webhooks, as the headers X-API-KEY and X-API-SECRET."
      query={query}
      permissions={PERMISSIONS}
      firstPermission="servers"
      onCreate={async (body) => {
        const { apiKey, apiSecret } = await create.mutateAsync({ params: { path: { org_id } }, body });
        return (
          <>
            <Copyable label="Key" value={apiKey} />
            <Copyable label="Secret" value={apiSecret} />
          </>
        );
      }}
      onDelete={(id) =>
        client.DELETE('/admin/api/v1/organizations/{org_id}/api-keys/{id}', { params: { path: { org_id, id } } })
      }
    />
  );
}
