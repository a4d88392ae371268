import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Outside } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';
import { ImportProgress } from './import-progress.tsx';
import type { Integration } from './integrations.tsx';
import { SettingFields } from './setting-fields.tsx';
import { changedSettings, SETTING_PLACES, type SettingValues, settingsOf, VALIDATE_SETTINGS } from './settings.ts';
import { NO_SOURCE, type SourceValues, sourceMistake, sourceName } from './source.ts';
import { SourceFields } from './source-fields.tsx';
import { useReread } from './use-import.tsx';

type IntegrationProps = { readonly integration: Integration };

/** Reads a new document in place of the old one. */
export function NewDocument({ integration }: IntegrationProps) {
  const reread = useReread(integration.id);
  const form = useForm<SourceValues>({ initialValues: NO_SOURCE });
  const submit = form.onSubmit((values) => {
    const mistake = sourceMistake(values);
    if (mistake !== null) {
      form.setFieldError(...mistake);
      return;
    }
    reread.mutate(values, { onSuccess: () => form.reset() });
  });
  return (
    <Section title="Read a new document">
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">
            Its tools take the place of all others, at once and in all endpoints. Approvals of tools whose definition
            changes do not count any more.
          </Text>
          {reread.error !== null && <ProblemNotice error={reread.error} />}
          <SourceFields form={form} />
          {reread.isPending && <ImportProgress name={sourceName(reread.variables)} />}
          {reread.data !== undefined && <Renamed renamed={reread.data.renamed} />}
          <Group>
            <Button type="submit" loading={reread.isPending}>
              Read it
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

/** The tools that have other names since a change. */
function Renamed({ renamed }: { readonly renamed: readonly Schemas['RenamedTool'][] }) {
  return renamed.length === 0 ? (
    <Text size="sm" role="status">
      No tool has another name or method than before.
    </Text>
  ) : (
    <Alert color="orange" variant="outline" title={`Tools with another name or method: ${renamed.length}`}>
      <Text size="sm">Scopes and prompts that use the old ones are yours to change.</Text>
      <ul className="rows">
        {renamed.map(({ operation, old_name: old, name, old_method: oldMethod, method }) => (
          <li key={operation}>
            <Text size="sm">
              <Outside>{`${old} (${oldMethod})`}</Outside> is now <Outside>{`${name} (${method})`}</Outside>
            </Text>
          </li>
        ))}
      </ul>
    </Alert>
  );
}

/** Moves an integration to the present rules for names. There is no way back. */
export function NewNaming({ integration: { id } }: IntegrationProps) {
  const [renamed, setRenamed] = useState<readonly Schemas['RenamedTool'][]>();
  const move = api.useMutation('patch', '/integration/{id}', { onSuccess: (data) => setRenamed(data.renamed) });
  return renamed !== undefined ? (
    <Renamed renamed={renamed} />
  ) : (
    <Alert variant="outline" title="Its tools are named by earlier rules">
      <Group justify="space-between">
        <Text size="sm" className="grows">
          The present rules make shorter names, and tell a search that is sent as POST from a change.
        </Text>
        <ConfirmButton
          action="Name them anew"
          title="Name the tools anew?"
          onConfirm={() => move.mutateAsync({ params: { path: { id } }, body: { naming: 2 } })}
        >
          <Text size="sm">
            Tools get other names and methods. Scopes of endpoints, tags and prompts that use the old ones are yours to
            change. There is no way back.
          </Text>
        </ConfirmButton>
      </Group>
    </Alert>
  );
}

type Values = SettingValues & { readonly name: string };

/** The name and the settings of an integration. */
export function Change({ integration }: IntegrationProps) {
  const before = settingsOf(integration);
  const form = useForm<Values>({
    initialValues: { name: integration.name, ...before },
    validate: VALIDATE_SETTINGS,
  });
  const save = api.useMutation('patch', '/integration/{id}', {
    onSuccess: ({ renamed }) =>
      notifications.show({
        message: renamed.length === 0 ? 'Saved.' : `Saved. ${renamed.length} tools have another name or method.`,
      }),
    onError: (error) => {
      const places: Readonly<Record<string, string>> = { ...SETTING_PLACES, name: 'name' };
      const mistakes = Object.entries(fieldErrorsOf(error, Object.keys(places)));
      form.setErrors(Object.fromEntries(mistakes.map(([place, message]) => [places[place] ?? place, message])));
    },
  });
  const submit = form.onSubmit(({ name, ...values }) =>
    save.mutate({
      params: { path: { id: integration.id } },
      body: { ...changedSettings(values, before), ...(name !== integration.name && { name }) },
    }),
  );
  return (
    <Section title="Settings">
      <form onSubmit={submit} noValidate>
        <Stack maw={640}>
          {save.error !== null && <ProblemNotice error={save.error} />}
          <TextInput
            label="Name"
            description="Names of tools contain it: another one renames all of them."
            required
            maxLength={40}
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps('name')}
          />
          <SettingFields form={form} />
          <Group>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
