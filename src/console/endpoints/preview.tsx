import { Alert, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData } from '@tanstack/react-query';
import { api, type Schemas } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { ToolList } from '../ui/tool-list.tsx';

/** Milliseconds after the last change of a scope before its tools are asked for. */
const PAUSE_MS = 250;

type ScopeQuery = { readonly methods?: string[]; readonly tags?: string[] };

/** The tools of an account within a scope, as an endpoint would serve them. */
export const useTools = (id: string, query: ScopeQuery = {}) =>
  api.useQuery(
    'get',
    '/integrated-account/{id}/tools',
    { params: { path: { id }, query } },
    { placeholderData: keepPreviousData },
  );

/** The tools that pass a scope, which follows the form while a person changes it. */
export function Preview({ account, scope }: { readonly account: string; readonly scope: ScopeQuery }) {
  const [settled] = useDebouncedValue(scope, PAUSE_MS);
  const query = useTools(account, settled);
  const all = useTools(account);
  const isBehind = query.isFetching || settled !== scope;
  return (
    <Paper withBorder p="sm" component="section" aria-label="Tools that pass">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Tools that pass
          </Title>
          {isBehind && <Loader size="xs" aria-label="Looking" />}
        </Group>
        <Loaded query={query}>
          {(preview) => (
            <>
              <Text size="sm" role="status">
                {countText(preview.result.length, all.data?.result.length)}
              </Text>
              {preview.result.length > 0 && <ToolList tools={preview.result} />}
              <Faults preview={preview} />
            </>
          )}
        </Loaded>
      </Stack>
    </Paper>
  );
}

function countText(passing: number, all: number | undefined): string {
  if (all === 0) {
    return 'The account has no tools yet. A server has none before its first list.';
  }
  return all === undefined || all === passing
    ? `${passing === 1 ? 'One tool passes' : `All ${passing} tools pass`}.`
    : `${passing} of ${all} tools pass.`;
}

/** The tools that no endpoint over an account serves, and the faults of the account. */
export function Faults({
  preview: { left_out: leftOut, warnings },
}: {
  readonly preview: Schemas['AccountToolPreviewList'];
}) {
  return (
    <>
      {warnings.map((warning) => (
        <Alert key={warning} color="orange" variant="outline" p="xs">
          <Outside>{warning}</Outside>
        </Alert>
      ))}
      {leftOut.length > 0 && (
        <details>
          <summary>
            {leftOut.length} left out: the account has no credential for {leftOut.length === 1 ? 'it' : 'them'}
          </summary>
          <ul className="rows">
            {leftOut.map(({ name, reason }) => (
              <li key={name}>
                <Text size="sm" fw={600}>
                  <Outside>{name}</Outside>
                </Text>
                <Text size="sm">
                  <Outside>{reason}</Outside>
                </Text>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
