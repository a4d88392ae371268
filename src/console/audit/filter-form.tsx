import { Button, Group, Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { visibleText } from '../../base/visible-text.ts';
import type { Schemas } from '../api.ts';
import { expiryAt } from '../ui/expiry-input.tsx';
import { type Filters, filtersIn } from './filters.ts';

type FilterFormProps = { readonly filters: Filters; readonly organizations: readonly Schemas['Organization'][] };

/** Chooses which events are shown. The address has the choice, so that it can be kept and sent. */
export function FilterForm({ filters, organizations }: FilterFormProps) {
  const navigate = useNavigate({ from: '/audit' });
  const form = useForm({
    initialValues: {
      organization: filters.organization ?? (null as string | null),
      action: filters.action ?? '',
      since: expiryAt(filters.since ?? null).at,
    },
    validate: {
      action: (action) =>
        action === '' || /^[a-z_]+\.[a-z_]+$/.test(action.trim())
          ? null
          : 'An action is two words, such as server.updated.',
    },
  });
  const submit = form.onSubmit(({ organization, action, since }) => {
    const instant = since === '' ? '' : new Date(since).toISOString();
    void navigate({ search: filtersIn({ organization, action: action.trim(), since: instant }) });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-end" gap="sm">
        <Select
          label="Organization"
          placeholder="all"
          data={organizations.map(({ id, name }) => ({ value: id, label: visibleText(name) }))}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'All organizations' }}
          limit={100}
          w={{ base: '100%', xs: 220 }}
          {...form.getInputProps('organization')}
        />
        <TextInput
          label="Action"
          placeholder="such as server.updated"
          spellCheck={false}
          w={{ base: '100%', xs: 220 }}
          {...form.getInputProps('action')}
        />
        <TextInput
          label="Since (local time)"
          type="datetime-local"
          w={{ base: '100%', xs: 220 }}
          {...form.getInputProps('since')}
        />
        <Button type="submit">Show</Button>
        {Object.keys(filters).length > 0 && (
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
}
