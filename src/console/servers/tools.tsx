import { Badge, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { PAGE_ROWS, PagePager } from '../ui/page-pager.tsx';
import { Section } from '../ui/section.tsx';
import { ToolDialog } from './tool-dialog.tsx';

type Tool = Schemas['McpServerTool'];

/** Milliseconds for which a list of tools is new enough: reading it asks the server. */
const FRESH_MS = 60_000;

const STATES: Readonly<Record<Tool['approval'], { readonly label: string; readonly colour: string }>> = {
  runs: { label: 'runs', colour: 'green' },
  waits: { label: 'waits', colour: 'orange' },
  changed: { label: 'changed', colour: 'red' },
};

/** The tools of a server, as it lists them now, and whether their calls run or wait. */
export function ToolsSection({ server }: { readonly server: Schemas['McpServer'] }) {
  const query = api.useQuery(
    'get',
    '/api/mcp-servers/{mcpServerId}/tools',
    { params: { path: { mcpServerId: server.id } } },
    { staleTime: FRESH_MS, refetchOnWindowFocus: false },
  );
  return (
    <Section
      title="Tools"
      actions={
        <Button size="compact-sm" variant="default" loading={query.isFetching} onClick={() => void query.refetch()}>
          Ask the server again
        </Button>
      }
    >
      <Loaded query={query}>{({ data: tools }) => <Tools server={server} tools={tools} />}</Loaded>
    </Section>
  );
}

function Tools({ server, tools }: { readonly server: Schemas['McpServer']; readonly tools: readonly Tool[] }) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const [opened, setOpened] = useState<string | null>(null);
  const wanted = search.trim().toLowerCase();
  const found = tools.filter(({ name, description }) => `${name}\n${description ?? ''}`.toLowerCase().includes(wanted));
  const pages = Math.ceil(found.length / PAGE_ROWS);
  const shown = Math.min(page, Math.max(0, pages - 1));
  const count = (state: Tool['approval']) => tools.filter(({ approval }) => approval === state).length;
  return (
    <Stack gap="sm">
      <Text size="sm" role="status">
        {tools.length === 0
          ? 'The server lists no tools.'
          : `${tools.length} listed: calls of ${count('runs')} run, of ${count('waits')} wait; ${count('changed')} have changed.`}
      </Text>
      {tools.length > 10 && (
        <TextInput
          type="search"
          label="Search the tools"
          maw={480}
          value={search}
          onChange={({ currentTarget }) => {
            setSearch(currentTarget.value);
            setPage(0);
          }}
        />
      )}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {found.slice(shown * PAGE_ROWS, (shown + 1) * PAGE_ROWS).map((tool) => (
          <ToolRow key={tool.name} tool={tool} onOpen={() => setOpened(tool.name)} />
        ))}
      </Stack>
      <PagePager page={shown} pages={pages} onPage={setPage} />
      <ToolDialog
        serverId={server.id}
        tool={tools.find(({ name }) => name === opened) ?? null}
        onClose={() => setOpened(null)}
      />
    </Stack>
  );
}

const ToolRow = ({ tool, onOpen }: { readonly tool: Tool; readonly onOpen: () => void }) => (
  <Paper withBorder p="xs" component="li">
    <Group justify="space-between" align="flex-start" gap="xs">
      <Stack gap={2} style={{ minWidth: 0, flex: '1 1 16rem' }}>
        <Text fw={600} span>
          <Outside>{tool.name}</Outside>
        </Text>
        <Text size="sm" lineClamp={2}>
          {tool.description === null ? 'The server does not describe it.' : <Outside>{tool.description}</Outside>}
        </Text>
      </Stack>
      <Group gap="xs">
        {tool.annotations.readOnlyHint === true && (
          <Badge variant="outline" color="gray">
            says read-only
          </Badge>
        )}
        <Badge color={STATES[tool.approval].colour}>{STATES[tool.approval].label}</Badge>
        <Button size="compact-sm" variant="default" onClick={onOpen}>
          Review
        </Button>
      </Group>
    </Group>
  </Paper>
);
