import { useNavigate } from '@tanstack/react-router';
import { client } from '../api.ts';
import { Page } from '../ui/page.tsx';
import { keepReload } from './last-reload.ts';
import { SharedForm } from './shared-form.tsx';

/** The page where a shared server is added. */
export function AddSharedServer() {
  const navigate = useNavigate();
  return (
    <Page title="Add a shared server">
      <SharedForm
        onSave={async (body, header) => {
          const { data } = await client.POST('/admin/api/v1/mcp-servers', { body, params: { header } });
          if (data !== undefined) {
            keepReload(data.data.id, data.reload);
            await navigate({ to: '/shared-servers/$sharedServerId', params: { sharedServerId: data.data.id } });
          }
        }}
      />
    </Page>
  );
}
