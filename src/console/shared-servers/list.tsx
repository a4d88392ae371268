import { Group, Paper, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS, PagePager } from '../ui/page-pager.tsx';
import { StateBadge } from './reload.tsx';
import { runtimeOf, useRuntime } from './runtime.ts';

/** The servers that the operator shares with organizations, as the running gateway has them. */
export function SharedServerList() {
  const query = api.useQuery('get', '/admin/api/v1/mcp-servers');
  const { data: runtime } = useRuntime();
  const [page, setPage] = useState(0);
  return (
    <Page
      title="Shared servers"
      actions={
        <>
          <LinkButton variant="default" to="/shared-servers/import">
            Import an mcp.json
          </LinkButton>
          <LinkButton to="/shared-servers/new">Add a shared server</LinkButton>
        </>
      }
    >
      <Loaded query={query}>
        {(servers) => (
          <>
            {servers.length === 0 && (
              <Text>There is no shared server yet. Add one, or import the configuration file of an MCP client.</Text>
            )}
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {servers.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS).map((server) => (
                <Row key={server.id} server={server} runtime={runtimeOf(runtime, server.id)} />
              ))}
            </Stack>
            <PagePager page={page} pages={Math.ceil(servers.length / PAGE_ROWS)} onPage={setPage} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

type RowProps = { readonly server: Schemas['SharedServer']; readonly runtime: Schemas['RuntimeServer'] | undefined };

const Row = ({ server: { id, name, mcpServer }, runtime }: RowProps) => (
  <Paper withBorder p="sm" component="li">
    <Group justify="space-between" align="flex-start" gap="xs">
      <Stack gap={2} style={{ minWidth: 0, flex: '1 1 16rem' }}>
        <Link to="/shared-servers/$sharedServerId" params={{ sharedServerId: id }}>
          <Text span fw={600}>
            <Outside>{name}</Outside>
          </Text>
        </Link>
        <Text size="sm" lineClamp={2}>
          <Outside>{placeOf(mcpServer)}</Outside>
        </Text>
        {runtime?.state === 'unreachable' && runtime.lastError !== null && (
          <Text size="sm">
            <Outside>{runtime.lastError}</Outside>
          </Text>
        )}
      </Stack>
      <Group gap="xs">
        {typeof runtime?.toolCount === 'number' && (
          <Text size="sm">{runtime.toolCount === 1 ? '1 tool' : `${runtime.toolCount} tools`}</Text>
        )}
        {runtime !== undefined && <StateBadge state={runtime.state} />}
      </Group>
    </Group>
  </Paper>
);

/** The command of a local process, or the URL of a remote server. */
const placeOf = ({ command, args, transport, url }: Schemas['SharedServerConfig']): string =>
  transport === 'stdio' ? [command, ...args].join(' ') : (url ?? '');
