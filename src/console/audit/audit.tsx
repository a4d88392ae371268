import { Text } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { api } from '../api.ts';
import { LoadMore } from '../ui/load-more.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS } from '../ui/page-pager.tsx';
import { AuditEvent } from './event.tsx';
import { Export } from './export.tsx';
import { FilterForm } from './filter-form.tsx';

/** Every change and every tool call, the newest first. */
export function Audit() {
  const filters = useSearch({ from: '/inside/audit' });
  const organizations = api.useQuery('get', '/admin/api/v1/organizations');
  const events = api.useInfiniteQuery(
    'get',
    '/admin/api/v1/audit-events',
    { params: { query: { ...filters, limit: PAGE_ROWS } } },
    { pageParamName: 'cursor', initialPageParam: '', getNextPageParam: ({ nextCursor }) => nextCursor },
  );
  const rows = events.data?.pages.flatMap(({ data }) => data);
  const { error, isFetchNextPageError, refetch } = events;
  return (
    <Page title="Audit" actions={<Export filters={filters} />}>
      <FilterForm key={JSON.stringify(filters)} filters={filters} organizations={organizations.data ?? []} />
      <Loaded query={{ data: rows, error: isFetchNextPageError ? null : error, refetch }}>
        {(loaded) => (
          <>
            {loaded.length === 0 && <Text>There is no such event.</Text>}
            <div>
              {loaded.map((event) => (
                <AuditEvent key={event.id} event={event} organizations={organizations.data ?? []} />
              ))}
            </div>
            <LoadMore pages={events} shown={loaded.length} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
