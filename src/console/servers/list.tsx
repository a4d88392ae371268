import { Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { keepPreviousData } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS, PagePager } from '../ui/page-pager.tsx';
import { POLICY_NAMES } from '../ui/policy-select.tsx';
import { HEALTH_POLL_MS, HealthBadge, HealthReason } from './health.tsx';

/** Milliseconds without a key after which a search begins. */
const SEARCH_DELAY_MS = 300;

/** The servers of the organization, with their health. */
export function ServerList() {
  const { search, page = 0 } = useSearch({ from: '/inside/servers' });
  const navigate = useNavigate({ from: '/servers' });
  const [text, setText] = useState(search ?? '');
  const find = useDebouncedCallback(
    (wanted: string) => void navigate({ search: wanted === '' ? {} : { search: wanted }, replace: true }),
    SEARCH_DELAY_MS,
  );
  const query = api.useQuery(
    'get',
    '/api/mcp-servers',
    {
      params: {
        query: { page, limit: PAGE_ROWS, sort: 'name', order: 'asc', ...(search !== undefined && { search }) },
      },
    },
    { placeholderData: keepPreviousData, refetchInterval: HEALTH_POLL_MS },
  );
  return (
    <Page title="Servers" actions={<LinkButton to="/servers/new">Add a server</LinkButton>}>
      <TextInput
        type="search"
        label="Search"
        description="A part of the name, the description or the URL."
        maxLength={256}
        maw={480}
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          find(value.trim());
        }}
      />
      <Loaded query={query}>
        {({ data: { servers, total_count: count, total_pages: pages } }) => (
          <>
            <Text size="sm" c="dimmed" role="status">
              {countText(count, search !== undefined)}
            </Text>
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {servers.map((server) => (
                <Row key={server.id} server={server} />
              ))}
            </Stack>
            <PagePager
              page={page}
              pages={pages}
              onPage={(next) =>
                void navigate({ search: (all) => ({ ...(all.search && { search: all.search }), page: next }) })
              }
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function countText(count: number, isSearch: boolean): string {
  if (count === 0) {
    return isSearch
      ? 'No server matches.'
      : 'There is no server yet. Add the URL of an MCP server, and decide which of its calls wait for a person.';
  }
  return count === 1 ? '1 server' : `${count} servers`;
}

const Row = ({ server }: { readonly server: Schemas['McpServer'] }) => (
  <Paper withBorder p="sm" component="li">
    <Group justify="space-between" align="flex-start" gap="xs">
      <Stack gap={2} style={{ minWidth: 0, flex: '1 1 16rem' }}>
        <Link to="/servers/$mcpServerId" params={{ mcpServerId: server.id }}>
          <Text span fw={600}>
            <Outside>{server.name}</Outside>
          </Text>
        </Link>
        <Text size="sm" lineClamp={2}>
          <Outside>{server.url}</Outside>
        </Text>
        {server.health.state === 'unreachable' && (
          <div>
            <HealthReason health={server.health} />
          </div>
        )}
      </Stack>
      <Group gap="xs">
        <Text size="sm">{POLICY_NAMES[server.approval_policy]}</Text>
        <HealthBadge health={server.health} />
      </Group>
    </Group>
  </Paper>
);
