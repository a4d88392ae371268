import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { api } from '../api.ts';
import { Outside, OutsideLines } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';

/** Asks a shared server for its tools when a person wants it, with a connection of its own. */
export function ToolsCheck({ id }: { readonly id: string }) {
  const check = api.useMutation('post', '/admin/api/v1/mcp-servers/{mcp_id}/tools');
  return (
    <Section title="Tools">
      <Stack gap="sm">
        <Group gap="sm">
          <Button
            variant="default"
            loading={check.isPending}
            onClick={() => check.mutate({ params: { path: { mcp_id: id } } })}
          >
            Check the tools
          </Button>
          <Text size="sm" role="status">
            {check.isPending
              ? 'The gateway connects to the server. This may take some seconds.'
              : check.data?.details && `${check.data.details.toolCount} tools`}
          </Text>
        </Group>
        {check.error !== null && <ProblemNotice error={check.error} />}
        {check.data?.error && (
          <Alert color="red" variant="outline" title="The server does not list its tools" role="alert">
            <Outside>{check.data.error}</Outside>
          </Alert>
        )}
        {check.data?.details && check.data.details.tools.length > 0 && (
          <OutsideLines>{check.data.details.tools.join('\n')}</OutsideLines>
        )}
      </Stack>
    </Section>
  );
}
