import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { api, type Schemas } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';
import type { Account } from './account-name.tsx';
import { CredentialFields } from './credential-fields.tsx';
import { accessOf, demandOf, emptyCredentials } from './credentials.ts';
import { useCredentialForm } from './use-credential-form.ts';

/** Changes the tenant and the credentials of an account. */
export function EditAccount({ account }: { readonly account: Account }) {
  const id = account.environment_integration_id ?? '';
  const query = api.useQuery('get', '/integration/{id}', { params: { path: { id } } });
  return (
    <Section title="Change">
      <Loaded query={query}>{(integration) => <EditForm account={account} integration={integration} />}</Loaded>
    </Section>
  );
}

type EditFormProps = { readonly account: Account; readonly integration: Schemas['Integration'] };

function EditForm({ account, integration }: EditFormProps) {
  const demand = demandOf(integration);
  const form = useForm({ initialValues: { tenant: account.tenant_id ?? '', replaces: false } });
  const credentials = useCredentialForm(emptyCredentials(demand));
  const save = api.useMutation('patch', '/integrated-account/{id}', {
    onSuccess: () => notifications.show({ message: 'Saved.' }),
  });
  const { tenant, replaces } = form.values;
  const submit = () => {
    if (replaces && credentials.validate().hasErrors) {
      return;
    }
    save.mutate({
      params: { path: { id: account.id } },
      body: { tenant_id: tenant.trim(), ...(replaces && accessOf(credentials.values, demand)) },
    });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      noValidate
    >
      <Stack maw={640}>
        {save.error !== null && <ProblemNotice error={save.error} />}
        <TextInput
          label="Tenant"
          description="Your own name for whose connection this is."
          required
          maxLength={255}
          autoComplete="off"
          {...form.getInputProps('tenant')}
        />
        <Checkbox
          label="Replace the credentials"
          description="Those that are stored are never shown: fill in all that the account is to have."
          {...form.getInputProps('replaces', { type: 'checkbox' })}
        />
        {replaces && (
          <>
            <CredentialFields form={credentials} demand={demand} error={save.error} />
            <Text size="sm" c="dimmed">
              Headers, query parameters, origins and values of the URL that are empty stay as they are.
            </Text>
          </>
        )}
        <Group>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
