import { Badge, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { api, type Schemas } from '../api.ts';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS, PagePager } from '../ui/page-pager.tsx';
import { useShortcuts } from '../ui/shortcuts.ts';
import { STATUS_COLOURS } from './facts.ts';

type Summary = Schemas['ApprovalRequestSummary'];

const SHOWN = [
  { value: 'pending', label: 'Waiting' },
  { value: 'approved', label: 'Approved' },
  { value: 'used', label: 'Sent' },
  { value: 'denied', label: 'Denied' },
  { value: 'expired', label: 'Expired' },
  { value: 'outdated', label: 'Outdated' },
];

/** The calls that wait for a person, or have waited. `j` and `k` go from one to the next. */
export function Inbox() {
  const { status, page } = useSearch({ from: '/inside/approvals' });
  const navigate = useNavigate({ from: '/approvals' });
  const query = api.useQuery('get', '/api/approval-requests', {
    params: { query: { status, page, limit: PAGE_ROWS } },
  });
  const list = useRef<HTMLDivElement>(null);
  const step = (by: 1 | -1) => {
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>('a[data-request]') ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  };
  useShortcuts({ j: () => step(1), k: () => step(-1) });
  return (
    <Page title="Approvals">
      <SegmentedControl
        aria-label="Which requests"
        data={SHOWN}
        value={status}
        onChange={(value) => void navigate({ search: { status: value as Summary['status'], page: 0 } })}
        style={{ alignSelf: 'flex-start', maxWidth: '100%', flexWrap: 'wrap' }}
      />
      <Text size="sm" c="dimmed" visibleFrom="sm">
        Keys: j and k go down and up, Enter opens a request; there, a and d go to “Approve” and “Deny”.
      </Text>
      <Loaded query={query}>
        {({ data: { requests, total_pages: pages, total_count: count } }) => (
          <>
            {count === 0 && <Text>{status === 'pending' ? 'No call waits for a decision.' : 'There is none.'}</Text>}
            <Stack gap="xs" ref={list}>
              {requests.map((request) => (
                <Row key={request.id} request={request} />
              ))}
            </Stack>
            <PagePager page={page} pages={pages} onPage={(next) => void navigate({ search: { status, page: next } })} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

const Row = ({ request }: { readonly request: Summary }) => (
  <Paper withBorder p="sm">
    <Group justify="space-between" align="flex-start" gap="xs">
      <Stack gap={2} style={{ minWidth: 0, flex: '1 1 16rem' }}>
        <Link to="/approvals/$approvalRequestId" params={{ approvalRequestId: request.id }} data-request="">
          <Text span fw={600}>
            <Outside>{request.tool_name}</Outside>
          </Text>
        </Link>
        <Text size="sm">
          of <Outside>{request.server_name}</Outside>, asked by{' '}
          <Outside>{request.client?.name ?? 'a client without a name'}</Outside> through{' '}
          <Outside>{request.endpoint.name}</Outside>
        </Text>
      </Stack>
      <Group gap="xs">
        {request.client_waiting && <Badge variant="light">client waits</Badge>}
        <Badge color={STATUS_COLOURS[request.status]}>{request.status}</Badge>
        <Text size="sm">
          {request.status === 'pending' ? 'ends ' : 'asked '}
          <Instant at={request.status === 'pending' ? request.expires_at : request.created_at} />
        </Text>
      </Group>
    </Group>
  </Paper>
);
