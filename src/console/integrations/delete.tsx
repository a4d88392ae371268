import { Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Outside } from '../ui/outside.tsx';
import type { Integration } from './integrations.tsx';

/** Deletes an integration that has no accounts. Says which accounts stand in the way. */
export function DeleteIntegration({
  integration: { id, name, tool_count: tools },
}: {
  readonly integration: Integration;
}) {
  const navigate = useNavigate();
  const accounts = api.useQuery('get', '/integrated-account', {
    params: { query: { 'integration.name': name, limit: 100 } },
  });
  const remove = api.useMutation('delete', '/integration/{id}');
  const own = accounts.data?.result.filter(({ environment_integration_id: of }) => of === id) ?? [];
  return (
    <ConfirmButton
      action="Delete"
      title={
        <>
          Delete <Outside>{name}</Outside>?
        </>
      }
      onConfirm={async () => {
        await remove.mutateAsync({ params: { path: { id } } });
        await navigate({ to: '/integrations' });
      }}
    >
      {own.length > 0 ? (
        <Text size="sm">
          It has {own.length === 1 ? 'an account' : `${own.length} accounts`}:{' '}
          <Outside>{own.map(({ display_name: display, tenant_id: tenant }) => tenant ?? display).join(', ')}</Outside>.
          Delete them first: their endpoints go with them.
        </Text>
      ) : (
        <Text size="sm">
          Its document and {tools === 1 ? 'its tool' : `its ${tools} tools`} go. It has no account, so no endpoint
          serves them. This cannot be undone.
        </Text>
      )}
    </ConfirmButton>
  );
}
