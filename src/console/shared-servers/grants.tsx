import { Button, Group, MultiSelect, Radio, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { visibleText } from '../../base/visible-text.ts';
import { api, type Schemas } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';

type Grant = Schemas['Grant'];

/** The organizations that may create endpoints over a shared server. */
export function Grants({ id }: { readonly id: string }) {
  const query = api.useQuery('get', '/admin/api/v1/mcp-servers/{mcp_id}/organizations', {
    params: { path: { mcp_id: id } },
  });
  return (
    <Section title="Organizations that may use it">
      <Loaded query={query}>{({ organizations }) => <GrantForm id={id} saved={organizations} />}</Loaded>
    </Section>
  );
}

function GrantForm({ id, saved }: { readonly id: string; readonly saved: Grant }) {
  const { data: organizations = [] } = api.useQuery('get', '/admin/api/v1/organizations');
  const [chosen, setChosen] = useState<Grant | null>(null);
  const grant = chosen ?? saved;
  const save = api.useMutation('put', '/admin/api/v1/mcp-servers/{mcp_id}/organizations', {
    onSuccess: () => {
      setChosen(null);
      notifications.show({ message: 'The grants are saved.' });
    },
  });
  return (
    <Stack gap="sm">
      <Radio.Group
        label="Granted to"
        description="An organization that loses the grant loses its endpoints over this server."
        value={grant === 'all' ? 'all' : 'some'}
        onChange={(value) => setChosen(value === 'all' ? 'all' : saved === 'all' ? [] : saved)}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="all" label="Every organization, and those to come" />
          <Radio value="some" label="Only these organizations" />
        </Stack>
      </Radio.Group>
      {grant !== 'all' && (
        <MultiSelect
          label="Organizations"
          searchable
          maw={640}
          data={organizations.map(({ id: value, name }) => ({ value, label: visibleText(name) }))}
          value={[...grant]}
          onChange={setChosen}
        />
      )}
      {save.error !== null && <ProblemNotice error={save.error} />}
      {chosen !== null && (
        <Group>
          <Button
            loading={save.isPending}
            onClick={() => save.mutate({ params: { path: { mcp_id: id } }, body: { organizations: grant } })}
          >
            Save the grants
          </Button>
          <Button variant="default" onClick={() => setChosen(null)}>
            Keep the old ones
          </Button>
        </Group>
      )}
    </Stack>
  );
}
