import { Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Page } from '../ui/page.tsx';
import { type Policy, PolicySelect } from '../ui/policy-select.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { CheckServer } from './check.tsx';
import {
  FIELD_NAMES,
  NameFields,
  NEW_SERVER,
  PlaceFields,
  type ServerValues,
  toBody,
  VALIDATION,
} from './server-fields.tsx';

/** The page where a server is added. */
export function AddServer() {
  const navigate = useNavigate();
  const [policy, setPolicy] = useState<Policy>('require_approval_all');
  const form = useForm<ServerValues>({ initialValues: NEW_SERVER, validate: VALIDATION });
  const save = api.useMutation('post', '/api/mcp-servers', {
    onSuccess: ({ data }) => navigate({ to: '/servers/$mcpServerId', params: { mcpServerId: data.id } }),
    onError: (error) => form.setErrors(fieldErrorsOf(error, FIELD_NAMES)),
  });
  const submit = form.onSubmit((values) => save.mutate({ body: { ...toBody(values), approval_policy: policy } }));
  return (
    <Page title="Add a server">
      <form onSubmit={submit} noValidate>
        <Stack maw={640}>
          <PlaceFields form={form} />
          <CheckServer form={form} />
          <NameFields form={form} />
          <PolicySelect of="server" value={policy} onChange={setPolicy} />
          {save.error !== null && <ProblemNotice error={save.error} />}
          <Group>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
            <LinkButton variant="default" to="/servers">
              Cancel
            </LinkButton>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}
