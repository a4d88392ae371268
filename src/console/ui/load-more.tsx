import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Loaded } from './loaded.tsx';
import { PAGE_ROWS } from './page-pager.tsx';
import { ProblemNotice } from './problem.tsx';

type Pages = {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly isFetchNextPageError: boolean;
  readonly error: unknown;
  readonly fetchNextPage: () => Promise<unknown>;
};

/**
 * Options of `api.useInfiniteQuery` for the lists of the Accounts API, which go on by `next_cursor`. Give the query
 * `limit: PAGE_ROWS`, and show it with `LoadedRows`.
 */
export const BY_CURSOR = {
  pageParamName: 'next_cursor',
  initialPageParam: '',
  getNextPageParam: ({ next_cursor: next }: { readonly next_cursor: string | null }) => next,
};

/** The end of a list that comes in pages: how many rows are shown, and a button for more where there are more. */
export function LoadMore({ pages, shown }: { readonly pages: Pages; readonly shown: number }) {
  if (!pages.hasNextPage && shown <= PAGE_ROWS) {
    return null;
  }
  return (
    <Stack gap="xs">
      {pages.isFetchNextPageError && <ProblemNotice error={pages.error} />}
      <Group gap="sm">
        {pages.hasNextPage && (
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Load more
          </Button>
        )}
        <Text size="sm" c="dimmed" role="status">
          {pages.hasNextPage ? `${shown} shown, and there are more.` : `All ${shown} shown.`}
        </Text>
      </Group>
    </Stack>
  );
}

type Listed<T> = Pages & {
  readonly data: { readonly pages: readonly { readonly result: readonly T[] }[] } | undefined;
  readonly refetch: () => Promise<unknown>;
};

/** A list of the Accounts API that goes on by `next_cursor`: what is loaded of it, and the way to more. */
export function LoadedRows<T>({
  pages,
  children,
}: {
  readonly pages: Listed<T>;
  readonly children: (rows: readonly T[]) => ReactNode;
}) {
  const { data, error, isFetchNextPageError, refetch } = pages;
  const rows = data?.pages.flatMap(({ result }) => result);
  // An error of a later page stands at the end of the list, beside the button.
  return (
    <Loaded query={{ data: rows, error: isFetchNextPageError ? null : error, refetch }}>
      {(loaded) => (
        <>
          {children(loaded)}
          <LoadMore pages={pages} shown={loaded.length} />
        </>
      )}
    </Loaded>
  );
}
