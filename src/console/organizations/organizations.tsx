import { Button, Group, Modal, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { api, type Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { PAGE_ROWS, PagePager } from '../ui/page-pager.tsx';
import { ProblemNotice } from '../ui/problem.tsx';

/** The organizations, and a way to a new one. */
export function Organizations() {
  const { page, name } = useSearch({ from: '/inside/organizations' });
  const navigate = useNavigate({ from: '/organizations' });
  const [isOpen, { open, close }] = useDisclosure();
  const query = api.useQuery('get', '/admin/api/v1/organizations');
  return (
    <Page title="Organizations" actions={<Button onClick={open}>New organization</Button>}>
      <Text>An organization owns servers, accounts, endpoints and credentials. None sees anything of another.</Text>
      <Modal opened={isOpen} onClose={close} title="New organization">
        <Create />
      </Modal>
      <Loaded query={query}>
        {(all) => {
          const found = all.filter((one) => `${one.name} ${one.id}`.toLowerCase().includes(name.toLowerCase()));
          const rows = found.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
          return (
            <>
              <TextInput
                label="Find by name or id"
                type="search"
                maw={400}
                value={name}
                onChange={({ currentTarget }) =>
                  void navigate({ search: { page: 0, name: currentTarget.value }, replace: true })
                }
              />
              <Text size="sm" c="dimmed" role="status">
                {found.length === all.length ? `${all.length} in all` : `${found.length} of ${all.length}`}
              </Text>
              <Stack gap="xs">
                {rows.map((organization) => (
                  <Row key={organization.id} organization={organization} />
                ))}
              </Stack>
              <PagePager
                page={page}
                pages={Math.ceil(found.length / PAGE_ROWS)}
                onPage={(next) => void navigate({ search: { page: next, name } })}
              />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

const Row = ({ organization: { id, name, createdAt } }: { readonly organization: Schemas['Organization'] }) => (
  <Paper withBorder p="sm">
    <Group justify="space-between" gap="xs">
      <Stack gap={2} className="grows">
        <Link to="/organizations/$organizationId" params={{ organizationId: id }}>
          <Text span fw={600}>
            <Outside>{name}</Outside>
          </Text>
        </Link>
        <Text size="sm" c="dimmed">
          <Outside>{id}</Outside>
        </Text>
      </Stack>
      <Text size="sm">
        created <Instant at={createdAt} />
      </Text>
    </Group>
  </Paper>
);

function Create() {
  const navigate = useNavigate();
  const create = api.useMutation('post', '/admin/api/v1/organizations', {
    onSuccess: ({ id }) => navigate({ to: '/organizations/$organizationId', params: { organizationId: id } }),
    onError: (error) => form.setErrors(fieldErrorsOf(error, ['name'])),
  });
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() === '' ? 'Write a name.' : null) },
  });
  return (
    <form onSubmit={form.onSubmit(({ name }) => create.mutate({ body: { name: name.trim() } }))} noValidate>
      <Stack>
        {create.error !== null && <ProblemNotice error={create.error} />}
        <TextInput
          label="Name"
          description="People and programs of the organization see it. It need not be unique."
          maxLength={128}
          required
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Text size="sm">It owns nothing at first: give it credentials on its page.</Text>
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}
