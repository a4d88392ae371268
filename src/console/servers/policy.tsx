import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { PolicySelect } from '../ui/policy-select.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';

/** Which calls of a server wait for a person, and the change of it. */
export function PolicySection({ server }: { readonly server: Schemas['McpServer'] }) {
  const [chosen, setChosen] = useState<Schemas['ApprovalPolicy'] | null>(null);
  const policy = chosen ?? server.approval_policy;
  const save = api.useMutation('patch', '/api/mcp-servers/{mcpServerId}', {
    onSuccess: () => {
      setChosen(null);
      notifications.show({ message: 'The policy is saved.' });
    },
  });
  const isChanged = policy !== server.approval_policy;
  return (
    <Section title="Policy">
      <Stack gap="sm">
        <PolicySelect of="server" value={policy} onChange={setChosen} />
        {save.error !== null && <ProblemNotice error={save.error} />}
        {isChanged && (
          <Group>
            <Button
              loading={save.isPending}
              onClick={() =>
                save.mutate({ params: { path: { mcpServerId: server.id } }, body: { approval_policy: policy } })
              }
            >
              Save the policy
            </Button>
            <Button
              variant="default"
              onClick={() => {
                setChosen(null);
                save.reset();
              }}
            >
              Keep the old one
            </Button>
          </Group>
        )}
      </Stack>
    </Section>
  );
}
