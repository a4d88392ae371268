import { Alert, Badge, Button, Checkbox, Group, Modal, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { visibleText } from '../../base/visible-text.ts';
import { api, client, PUBLIC_PATH, type Schemas } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { keepFocus, Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';

type Member = Schemas['Member'];
type Organization = Schemas['Organization'];

/** The choice of those who are operators instead of people of an organization. */
const OPERATORS = 'operator';
const PERMISSIONS = {
  accounts: 'Integrations, accounts and endpoints.',
  servers: 'Servers and webhooks.',
  approvals: 'Decides about calls that wait, and which calls run without a person.',
} as const;

/** The people who get in through the OpenID provider, and the things that they may do. */
export function Members() {
  const query = api.useQuery('get', '/admin/api/v1/members');
  const organizations = api.useQuery('get', '/admin/api/v1/organizations');
  const { data: index } = api.useQuery('get', '/');
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <Page title="Members" actions={<Button onClick={open}>New member</Button>}>
      <Text>
        A member is everybody whom the OpenID provider knows by a claim: one person by an e-mail address, many by a
        group. Others do not get in.
      </Text>
      {index?.sign_in === null && (
        <Alert variant="outline" title="This server has no OpenID provider">
          People sign in with credentials until <code>GATEHOUSE_OIDC_ISSUER</code> is set:{' '}
          <a href={`${PUBLIC_PATH}/docs/operating.html`}>operating</a>.
        </Alert>
      )}
      <Loaded query={organizations}>
        {(all) => (
          <>
            <Modal opened={isOpen} onClose={close} title="New member">
              <Create organizations={all} onCreated={close} />
            </Modal>
            <Loaded query={query}>
              {(members) => (
                <Stack gap="xs">
                  {members.length === 0 && <Text>There is none.</Text>}
                  {members.map((member) => (
                    <Row key={member.id} member={member} organizations={all} />
                  ))}
                </Stack>
              )}
            </Loaded>
          </>
        )}
      </Loaded>
    </Page>
  );
}

type RowProps = { readonly member: Member; readonly organizations: readonly Organization[] };

function Row({ member: { id, claim, value, organizationId, permissions, createdAt }, organizations }: RowProps) {
  const organization = organizations.find((one) => one.id === organizationId);
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={4} className="grows">
          <Text fw={600}>
            <Outside>{claim}</Outside> is <Outside>{value}</Outside>
          </Text>
          <Group gap="xs">
            {permissions.map((permission) => (
              <Badge key={permission} variant="light" color={permission === 'operator' ? 'orange' : 'indigo'}>
                {permission}
              </Badge>
            ))}
            <Text size="sm">
              {organizationId !== null && (
                <>
                  in{' '}
                  <Link to="/organizations/$organizationId" params={{ organizationId }}>
                    <Outside>{organization?.name ?? organizationId}</Outside>
                  </Link>
                  ,{' '}
                </>
              )}
              created <Instant at={createdAt} />
            </Text>
          </Group>
        </Stack>
        <ConfirmButton
          action="Delete"
          name={`Delete member ${visibleText(`${claim} ${value}`)}`}
          title={`Delete the member whose ${visibleText(claim)} is ${visibleText(value)}?`}
          size="compact-sm"
          onConfirm={() => client.DELETE('/admin/api/v1/members/{id}', { params: { path: { id } } })}
        >
          <Text>Who has signed in as this member is signed out at once. What they have made remains.</Text>
        </ConfirmButton>
      </Group>
    </Paper>
  );
}

type CreateProps = { readonly organizations: readonly Organization[]; readonly onCreated: () => void };

function Create({ organizations, onCreated }: CreateProps) {
  const form = useForm({
    initialValues: { claim: 'email', value: '', organizationId: null as string | null, permissions: [] as string[] },
    validate: {
      claim: (claim) => (claim.trim() === '' ? 'Write the name of a claim.' : null),
      value: (value) => (value.trim() === '' ? 'Write the value of the claim.' : null),
      organizationId: (organizationId) => (organizationId === null ? 'Choose an organization, or operators.' : null),
      permissions: (chosen, { organizationId }) =>
        chosen.length === 0 && organizationId !== OPERATORS ? 'Choose at least one.' : null,
    },
  });
  const create = api.useMutation('post', '/admin/api/v1/members', {
    onSuccess: () => {
      onCreated();
      keepFocus();
    },
    onError: (error) => form.setErrors(fieldErrorsOf(error, ['claim', 'value', 'organizationId', 'permissions'])),
  });
  const isOperator = form.values.organizationId === OPERATORS;
  const submit = form.onSubmit(({ claim, value, organizationId, permissions }) =>
    create.mutate({
      body: {
        claim: claim.trim(),
        value: value.trim(),
        organizationId: isOperator ? null : organizationId,
        permissions: isOperator ? ['operator'] : KNOWN.filter((permission) => permissions.includes(permission)),
      },
    }),
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {create.error !== null && <ProblemNotice error={create.error} />}
        <TextInput
          label="Claim"
          description="Its name at the provider: email or sub for one person, groups for many. An email counts only if the provider has verified it."
          maxLength={128}
          required
          {...form.getInputProps('claim')}
        />
        <TextInput
          label="Value"
          description="The exact value; of a list, one of its values."
          maxLength={256}
          required
          data-autofocus
          {...form.getInputProps('value')}
        />
        <Select
          label="Lets them into"
          description="People whose claims lead to two organizations are refused."
          data={[
            { value: OPERATORS, label: 'All of this server, as operators' },
            ...organizations.map(({ id, name }) => ({ value: id, label: visibleText(name) })),
          ]}
          searchable
          limit={100}
          required
          {...form.getInputProps('organizationId')}
        />
        {isOperator ? (
          <Text size="sm">Operators open organizations, credentials, members, shared servers and the audit log.</Text>
        ) : (
          <Checkbox.Group label="Permissions" {...form.getInputProps('permissions')}>
            <Stack gap="xs" mt="xs">
              {KNOWN.map((permission) => (
                <Checkbox
                  key={permission}
                  value={permission}
                  label={permission}
                  description={PERMISSIONS[permission]}
                />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}

const KNOWN = Object.keys(PERMISSIONS) as (keyof typeof PERMISSIONS)[];
