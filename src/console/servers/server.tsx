import { Group, List, Stack, Text } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { api, client, type Schemas } from '../api.ts';
import { mayOneOf, useSession } from '../session.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { type Fact, Facts, Until } from '../ui/facts.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { HEALTH_POLL_MS, HealthBadge, HealthReason } from './health.tsx';
import { PolicySection } from './policy.tsx';
import { ToolsSection } from './tools.tsx';

type Server = Schemas['McpServer'];

/** One server: how it is, its tools, and which of their calls wait. */
export function ServerPage() {
  const { mcpServerId } = useParams({ from: '/inside/servers/$mcpServerId' });
  const query = api.useQuery(
    'get',
    '/api/mcp-servers/{mcpServerId}',
    { params: { path: { mcpServerId } } },
    { refetchInterval: HEALTH_POLL_MS },
  );
  return (
    <Loaded query={query}>
      {({ data: server }) => (
        <Page title={<Outside>{server.name}</Outside>} name={server.name} actions={<Actions server={server} />}>
          <Group gap="xs">
            <HealthBadge health={server.health} />
            <HealthReason health={server.health} />
          </Group>
          {server.description !== null && (
            <Text>
              <Outside>{server.description}</Outside>
            </Text>
          )}
          <ToolsSection server={server} />
          <PolicySection server={server} />
          <Section title="Settings">
            <Facts label="Settings" facts={factsOf(server)} />
          </Section>
        </Page>
      )}
    </Loaded>
  );
}

function factsOf(server: Server): Fact[] {
  const headers = Object.keys(server.request_headers);
  return [
    ['URL', <Outside key="url">{server.url}</Outside>],
    ['Transport', server.transport],
    ['Request headers', headers.length === 0 ? 'none' : <Outside key="headers">{headers.join(', ')}</Outside>],
    ['Tags', server.tags.length === 0 ? 'none' : <Outside key="tags">{server.tags.join(', ')}</Outside>],
    ['Silence', `${server.timeout_seconds ?? 60} seconds`],
    ['Approvers', String(server.required_approvals)],
    ['Added', <Until key="created" at={server.created_at} />],
    ['Changed', <Until key="updated" at={server.updated_at} />],
    ['Id', <Outside key="id">{server.id}</Outside>],
  ];
}

function Actions({ server }: { readonly server: Server }) {
  const session = useSession();
  const navigate = useNavigate();
  const params = { mcpServerId: server.id };
  return (
    <>
      {mayOneOf(session, ['accounts']) && (
        <LinkButton to="/endpoints" search={{ account: server.id.slice(server.id.indexOf('_') + 1) }}>
          Mint an endpoint
        </LinkButton>
      )}
      <LinkButton variant="default" to="/servers/$mcpServerId/edit" params={params}>
        Edit
      </LinkButton>
      <ConfirmButton
        action="Delete"
        title={
          <>
            Delete <Outside>{server.name}</Outside>?
          </>
        }
        onConfirm={async () => {
          await client.DELETE('/api/mcp-servers/{mcpServerId}', { params: { path: params } });
          // Before the answers are asked for again: this page has none any more.
          await navigate({ to: '/servers' });
        }}
      >
        <Stack gap="xs">
          <Text size="sm">This cannot be undone. With the server, this goes:</Text>
          <List size="sm">
            <List.Item>its endpoints: their URLs stop working at once, and their clients get a 401;</List.Item>
            <List.Item>its tool approvals, and the definitions that were seen first;</List.Item>
            <List.Item>the requests for approval that wait.</List.Item>
          </List>
          <Text size="sm">
            Calls of integrations to the same URL are then decided only by the policy of the integration.
          </Text>
        </Stack>
      </ConfirmButton>
    </>
  );
}
