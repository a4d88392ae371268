import { Button, Skeleton, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { ProblemNotice } from './problem.tsx';

type Loading<T> = {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly refetch: () => Promise<unknown>;
};

/** Shows an answer when it is there. Until then, its place; and after an error, the error and a way to ask again. */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: Loading<T>;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = query;
  return (
    <>
      {error !== null && error !== undefined && (
        <Stack gap="xs" align="flex-start">
          <ProblemNotice error={error} />
          <Button variant="default" onClick={() => void refetch()}>
            Try again
          </Button>
        </Stack>
      )}
      {data !== undefined
        ? children(data)
        : !error && (
            <Stack gap="xs" aria-busy="true" aria-label="Loading">
              {['100%', '92%', '97%'].map((width) => (
                <Skeleton key={width} h={36} w={width} animate={false} />
              ))}
            </Stack>
          )}
    </>
  );
}
