import { Alert, Button, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate, useParams } from '@tanstack/react-router';
import { api, type Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import {
  FIELD_NAMES,
  NameFields,
  PlaceFields,
  type ServerValues,
  toBody,
  VALIDATION,
  valuesOf,
} from './server-fields.tsx';

/** The page where a server is changed. */
export function EditServer() {
  const { mcpServerId } = useParams({ from: '/inside/servers/$mcpServerId/edit' });
  const query = api.useQuery(
    'get',
    '/api/mcp-servers/{mcpServerId}',
    { params: { path: { mcpServerId } } },
    // What a person has typed is compared with what was there when they began.
    { refetchOnWindowFocus: false },
  );
  return <Loaded query={query}>{({ data }) => <EditForm server={data} />}</Loaded>;
}

function EditForm({ server }: { readonly server: Schemas['McpServer'] }) {
  const navigate = useNavigate();
  const params = { mcpServerId: server.id };
  const form = useForm<ServerValues>({ initialValues: valuesOf(server), validate: VALIDATION });
  const save = api.useMutation('patch', '/api/mcp-servers/{mcpServerId}', {
    onSuccess: () => navigate({ to: '/servers/$mcpServerId', params }),
    onError: (error) => form.setErrors(fieldErrorsOf(error, FIELD_NAMES)),
  });
  const changes = changesOf(toBody(form.getInitialValues()), toBody(form.values));
  const isMoved = changes.url !== undefined || changes.transport !== undefined;
  return (
    <Page
      title={
        <>
          Edit <Outside>{server.name}</Outside>
        </>
      }
      name={`Edit ${server.name}`}
    >
      <form onSubmit={form.onSubmit(() => save.mutate({ params: { path: params }, body: changes }))} noValidate>
        <Stack maw={640}>
          <PlaceFields form={form} />
          {isMoved && (
            <Alert color="orange" variant="outline" title="Another server may stand there">
              A change of the URL or the transport revokes the tool approvals of this server. Every tool that it lists
              afterwards counts as new.
            </Alert>
          )}
          <NameFields form={form} />
          {save.error !== null && <ProblemNotice error={save.error} />}
          <Group>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
            <LinkButton variant="default" to="/servers/$mcpServerId" params={params}>
              Cancel
            </LinkButton>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

/** The fields whose values differ: those that a person has not touched stay as they are on the server. */
function changesOf<T extends object>(before: T, after: T): Partial<T> {
  const keys = Object.keys(after) as (keyof T)[];
  return Object.fromEntries(
    keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map((key) => [key, after[key]]),
  ) as Partial<T>;
}
