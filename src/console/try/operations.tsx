import { Badge, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useSession } from '../session.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { covers, type Operation, wantedBy } from './document.ts';
import { Method } from './method.tsx';
import { useOperations } from './use-operations.ts';

/** The operations of the document, to choose one from. */
export function Operations() {
  const { tag, text } = useSearch({ from: '/inside/try' });
  const navigate = useNavigate({ from: '/try' });
  const query = useOperations();
  return (
    <Page title="Try it">
      <Text>
        Send any request of the API from here, with your own permissions. It is the real server: what you change is
        changed.
      </Text>
      <Loaded query={query}>
        {(all) => {
          const words = text.toLowerCase().split(/\s+/);
          const found = all.filter(
            (one) =>
              (tag === '' || one.tag === tag) &&
              words.every((word) => `${one.id} ${one.method} ${one.path} ${one.summary}`.toLowerCase().includes(word)),
          );
          return (
            <>
              <Group gap="sm" align="flex-end">
                <TextInput
                  label="Find by name, path or words"
                  type="search"
                  w={{ base: '100%', xs: 320 }}
                  value={text}
                  onChange={({ currentTarget }) =>
                    void navigate({ search: { tag, text: currentTarget.value }, replace: true })
                  }
                />
                <Select
                  label="Subject"
                  placeholder="all"
                  data={[...new Set(all.map((one) => one.tag))]}
                  clearable
                  clearButtonProps={{ 'aria-label': 'All subjects' }}
                  w={{ base: '100%', xs: 240 }}
                  value={tag === '' ? null : tag}
                  onChange={(chosen) => void navigate({ search: { tag: chosen ?? '', text }, replace: true })}
                />
              </Group>
              <Text size="sm" c="dimmed" role="status">
                {found.length} of {all.length} operations
              </Text>
              <Paper withBorder px="sm">
                {found.map((operation) => (
                  <Row key={operation.id} operation={operation} />
                ))}
              </Paper>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Row({ operation }: { readonly operation: Operation }) {
  const { permissions } = useSession();
  const { id, method, path, summary, tag } = operation;
  return (
    <Group className="ruled" gap="sm" py="xs" align="flex-start" wrap="nowrap">
      <Method method={method} />
      <Stack gap={0} style={{ minWidth: 0, flex: 1 }}>
        <Link to="/try/$operationId" params={{ operationId: id }}>
          <Text span fw={600}>
            {summary}
          </Text>
        </Link>
        <Text size="sm" className="outside">
          {path}
        </Text>
        {!covers(operation, permissions) && <Text size="sm">Wants {wantedBy(operation)}.</Text>}
      </Stack>
      <Badge variant="outline" color="gray" visibleFrom="sm">
        {tag}
      </Badge>
    </Group>
  );
}
