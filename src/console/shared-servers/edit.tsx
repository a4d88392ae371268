import { useNavigate, useParams } from '@tanstack/react-router';
import { api, client } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { keepReload } from './last-reload.ts';
import { SharedForm } from './shared-form.tsx';

/** The page where a shared server is changed. */
export function EditSharedServer() {
  const { sharedServerId } = useParams({ from: '/inside/shared-servers/$sharedServerId/edit' });
  const navigate = useNavigate();
  const path = { mcp_id: sharedServerId };
  const query = api.useQuery(
    'get',
    '/admin/api/v1/mcp-servers/{mcp_id}',
    { params: { path } },
    { refetchOnWindowFocus: false },
  );
  return (
    <Loaded query={query}>
      {(server) => (
        <Page
          title={
            <>
              Edit <Outside>{server.name}</Outside>
            </>
          }
          name={`Edit ${server.name}`}
        >
          <SharedForm
            server={server}
            onSave={async (body, header) => {
              const { data } = await client.PATCH('/admin/api/v1/mcp-servers/{mcp_id}', {
                body,
                params: { path, header },
              });
              keepReload(sharedServerId, data?.reload);
              await navigate({ to: '/shared-servers/$sharedServerId', params: { sharedServerId } });
            }}
          />
        </Page>
      )}
    </Loaded>
  );
}
