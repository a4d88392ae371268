import { Button, Checkbox, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ExpiryInput, instantOf, NEVER } from '../ui/expiry-input.tsx';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { ProblemNotice } from '../ui/problem.tsx';

/** Credentials as the operator asks for them. */
export type NewCredential<P extends string> = {
  readonly name: string;
  readonly permissions: P[];
  /** RFC 3339; null for never. */
  readonly expiresAt: string | null;
};

type CreateCredentialProps<P extends string> = {
  readonly permissions: Readonly<Record<P, string>>;
  readonly firstPermission: P;
  readonly onCreate: (credential: NewCredential<P>) => Promise<ReactNode>;
  readonly onCreated: (secrets: ReactNode) => void;
};

/** The form for new credentials. */
export function CreateCredential<P extends string>({
  permissions,
  firstPermission,
  onCreate,
  onCreated,
}: CreateCredentialProps<P>) {
  const form = useForm({
    initialValues: { name: '', permissions: [firstPermission] as string[], expiresAt: NEVER },
    validate: {
      name: (name) => (name.trim() === '' ? 'Write what it is for.' : null),
      permissions: (chosen) => (chosen.length === 0 ? 'Choose at least one.' : null),
      expiresAt: (expiry) => (instantOf(expiry) === undefined ? 'Fill in the date and the time.' : null),
    },
  });
  const create = useMutation({
    mutationFn: onCreate,
    onSuccess: onCreated,
    onError: (error) => form.setErrors(fieldErrorsOf(error, ['name', 'permissions', 'expiresAt'])),
  });
  const submit = form.onSubmit(({ name, permissions: chosen, expiresAt }) =>
    create.mutate({
      name: name.trim(),
      permissions: (Object.keys(permissions) as P[]).filter((permission) => chosen.includes(permission)),
      expiresAt: instantOf(expiresAt) ?? null,
    }),
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {create.error !== null && <ProblemNotice error={create.error} />}
        <TextInput
          label="Name"
          description="The purpose of it, such as “CI pipeline”. The audit log shows it."
          maxLength={128}
          required
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Checkbox.Group label="Permissions" {...form.getInputProps('permissions')}>
          <Stack gap="xs" mt="xs">
            {Object.entries<string>(permissions).map(([permission, consequence]) => (
              <Checkbox key={permission} value={permission} label={permission} description={consequence} />
            ))}
          </Stack>
        </Checkbox.Group>
        <ExpiryInput
          description="From then on it is refused."
          {...form.getInputProps('expiresAt')}
          value={form.values.expiresAt}
        />
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}
