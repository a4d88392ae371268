import { Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { FIELD_NAMES, SharedFields, type SharedValues, toBody, VALIDATION, valuesOf } from './shared-fields.tsx';

/** Saves a server even if the gateway cannot connect to it. */
const LENIENT = { Prefer: 'handling=lenient' };

type SharedFormProps = {
  /** The server that is changed; undefined for a new one. */
  readonly server?: Schemas['SharedServer'];
  /** Sends the server with these headers. An error is shown in the form. */
  readonly onSave: (body: Schemas['SharedServerCreate'], header: { Prefer?: string }) => Promise<unknown>;
};

/** The settings of a shared server. Saving connects to it, which may take seconds. */
export function SharedForm({ server, onSave }: SharedFormProps) {
  const [isLenient, setLenient] = useState(false);
  const form = useForm<SharedValues>({ initialValues: valuesOf(server), validate: VALIDATION });
  const save = useMutation({
    mutationFn: (values: SharedValues) => onSave(toBody(values, server?.mcpServer), isLenient ? LENIENT : {}),
    onError: (error) => form.setErrors(fieldErrorsOf(error, FIELD_NAMES)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack maw={640}>
        <SharedFields form={form} />
        <Checkbox
          label="Save even if the gateway cannot connect"
          checked={isLenient}
          onChange={({ currentTarget }) => setLenient(currentTarget.checked)}
        />
        {save.error !== null && <ProblemNotice error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
          {server === undefined ? (
            <LinkButton variant="default" to="/shared-servers">
              Cancel
            </LinkButton>
          ) : (
            <LinkButton variant="default" to="/shared-servers/$sharedServerId" params={{ sharedServerId: server.id }}>
              Cancel
            </LinkButton>
          )}
          {save.isPending && (
            <Text size="sm" role="status">
              The gateway connects to the server. This may take 10 seconds; you may leave the page.
            </Text>
          )}
        </Group>
      </Stack>
    </form>
  );
}
