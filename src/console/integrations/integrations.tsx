import { Badge, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutationState } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, type Schemas } from '../api.ts';
import { Instant } from '../ui/instant.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { BY_CURSOR, LoadedRows } from '../ui/load-more.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS } from '../ui/page-pager.tsx';
import { POLICY_NAMES } from '../ui/policy-select.tsx';
import { ImportProgress } from './import-progress.tsx';
import { REGISTER_KEY, type Registration } from './use-import.tsx';

/** A service whose tools come from its document. */
export type Integration = Schemas['Integration'];

/** The integrations of the organization, in pages. */
export const useIntegrations = () =>
  api.useInfiniteQuery('get', '/integration', { params: { query: { limit: PAGE_ROWS } } }, BY_CURSOR);

/** The integrations, with those that are being read first. */
export function Integrations() {
  const integrations = useIntegrations();
  const running = useMutationState({
    filters: { mutationKey: REGISTER_KEY, status: 'pending' },
    select: ({ state }) => state.variables as Registration,
  });
  return (
    <Page title="Integrations" actions={<LinkButton to="/integrations/new">Register a document</LinkButton>}>
      <Text>
        An integration is a service with an OpenAPI document, whose operations become tools. Accounts have the
        credentials for it.
      </Text>
      {running.map(({ name, title }) => (
        <ImportProgress key={name} name={`${name}: ${title}`} />
      ))}
      <LoadedRows pages={integrations}>
        {(rows) => (
          <Stack gap="xs">
            {rows.length === 0 && <Text>There is no integration yet.</Text>}
            {rows.map((integration) => (
              <Row key={integration.id} integration={integration} />
            ))}
          </Stack>
        )}
      </LoadedRows>
    </Page>
  );
}

const Row = ({ integration }: { readonly integration: Integration }) => {
  const { id, name, tool_count: tools, skipped, warnings, approval_policy: policy, updated_at: updated } = integration;
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={2} className="grows">
          <Link to="/integrations/$integrationId" params={{ integrationId: id }}>
            <Text span fw={600}>
              <Outside>{name}</Outside>
            </Text>
          </Link>
          <Text size="sm">
            {tools === 1 ? 'One tool' : `${tools} tools`}. {POLICY_NAMES[policy]}.
          </Text>
        </Stack>
        <Group gap="xs">
          {skipped.length > 0 && <Badge variant="default">{skipped.length} skipped</Badge>}
          {warnings.length > 0 && <Badge color="orange">{warnings.length} warnings</Badge>}
          <Text size="sm">
            changed <Instant at={updated} />
          </Text>
        </Group>
      </Group>
    </Paper>
  );
};
