import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { api, type Schemas } from '../api.ts';
import { useIntegrations } from '../integrations/integrations.tsx';
import { BelowLink } from '../ui/below-link.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { LoadedRows } from '../ui/load-more.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { CredentialFields } from './credential-fields.tsx';
import { accessOf, demandOf, emptyCredentials } from './credentials.ts';
import { useCredentialForm } from './use-credential-form.ts';

/** Creates an account of an integration; without one in the address, it is chosen first. */
export function CreateAccount() {
  const { integration } = useSearch({ from: '/inside/accounts/new' });
  return (
    <BelowLink link={<Link to="/accounts">All accounts</Link>}>
      {integration === undefined ? <ChooseIntegration /> : <CreateFor key={integration} id={integration} />}
    </BelowLink>
  );
}

function ChooseIntegration() {
  const integrations = useIntegrations();
  return (
    <Page title="Create an account">
      <Text>Choose the integration whose service the account connects to.</Text>
      <LoadedRows pages={integrations}>
        {(rows) =>
          rows.length === 0 ? (
            <Group>
              <LinkButton to="/integrations/new">Register a document first</LinkButton>
            </Group>
          ) : (
            <ul className="rows">
              {rows.map(({ id, name, tool_count: tools }) => (
                <li key={id}>
                  <Link to="/accounts/new" search={{ integration: id }}>
                    <Outside>{name}</Outside>
                  </Link>{' '}
                  <Text span size="sm" c="dimmed">
                    {tools} tools
                  </Text>
                </li>
              ))}
            </ul>
          )
        }
      </LoadedRows>
    </Page>
  );
}

function CreateFor({ id }: { readonly id: string }) {
  const query = api.useQuery('get', '/integration/{id}', { params: { path: { id } } });
  return (
    <Loaded query={query}>
      {(integration) => (
        <Page
          title={
            <>
              Create an account of <Outside>{integration.name}</Outside>
            </>
          }
          name={`Create an account of ${integration.name}`}
        >
          <CreateForm integration={integration} />
        </Page>
      )}
    </Loaded>
  );
}

function CreateForm({ integration }: { readonly integration: Schemas['Integration'] }) {
  const navigate = useNavigate();
  const demand = demandOf(integration);
  const tenant = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() === '' ? 'Write a name: it tells this account from others.' : null) },
  });
  const credentials = useCredentialForm(emptyCredentials(demand));
  const create = api.useMutation('post', '/integrated-account', {
    onSuccess: ({ id }) => void navigate({ to: '/accounts/$accountId', params: { accountId: id } }),
  });
  const submit = () => {
    const hasMistakes = [tenant.validate(), credentials.validate()].some((checked) => checked.hasErrors);
    if (!hasMistakes) {
      create.mutate({
        body: {
          tenant_id: tenant.values.name.trim(),
          environment_integration_id: integration.id,
          ...accessOf(credentials.values, demand),
        },
      });
    }
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
        {create.error !== null && <ProblemNotice error={create.error} />}
        <TextInput
          label="Tenant"
          description="Your own name for whose connection this is. Several accounts may have the same."
          required
          maxLength={255}
          autoComplete="off"
          {...tenant.getInputProps('name')}
        />
        <CredentialFields form={credentials} demand={demand} error={create.error} />
        <Text size="sm" c="dimmed">
          Credentials are stored encrypted, and never shown again. The service is not asked whether it accepts them.
        </Text>
        <Group>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
