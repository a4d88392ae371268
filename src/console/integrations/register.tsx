import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { BelowLink } from '../ui/below-link.tsx';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { ImportProgress } from './import-progress.tsx';
import { SettingFields } from './setting-fields.tsx';
import { changedSettings, DEFAULTS, SETTING_PLACES, type SettingValues, VALIDATE_SETTINGS } from './settings.ts';
import { NO_SOURCE, type SourceValues, sourceMistake, sourceName } from './source.ts';
import { SourceFields } from './source-fields.tsx';
import { useRegister } from './use-import.tsx';

type Values = SourceValues & SettingValues & { readonly name: string };

/** Registers a document, and leads to what has become of it. */
export function Register() {
  const navigate = useNavigate();
  const register = useRegister();
  const form = useForm<Values>({
    initialValues: { name: '', ...NO_SOURCE, ...DEFAULTS },
    validate: {
      ...VALIDATE_SETTINGS,
      name: (name) =>
        /^[a-z0-9-]{1,40}$/.test(name) ? null : 'Write 1 to 40 letters from a to z, digits and hyphens.',
      file: (_file, values) => mistakeAt('file', values),
      text: (_text, values) => mistakeAt('text', values),
      url: (_url, values) => mistakeAt('url', values),
    },
  });
  const { setErrors } = form;
  useEffect(() => setErrors(mistakesOf(register.error)), [register.error, setErrors]);
  const submit = form.onSubmit(({ name, ...values }) => {
    register.mutate(
      { name, title: sourceName(values), source: values, settings: changedSettings(values, DEFAULTS) },
      // Only of a person who has stayed: others are not taken from the page that they read.
      { onSuccess: ({ id }) => void navigate({ to: '/integrations/$integrationId', params: { integrationId: id } }) },
    );
  });
  return (
    <BelowLink link={<Link to="/integrations">All integrations</Link>}>
      <Page title="Register a document">
        <form onSubmit={submit} noValidate>
          <Stack maw={640}>
            {register.error !== null && <ProblemNotice error={register.error} />}
            <TextInput
              label="Name"
              description="Names of tools contain it, such as list_all_petstore_pets. Letters from a to z, digits and hyphens."
              required
              maxLength={40}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('name')}
            />
            <SourceFields form={form} />
            <details>
              <summary>Policy, URL of the service and more</summary>
              <Stack mt="sm">
                <SettingFields form={form} />
              </Stack>
            </details>
            {register.isPending && <ImportProgress name={sourceName(register.variables.source)} />}
            <Group>
              <Button type="submit" loading={register.isPending}>
                Register
              </Button>
            </Group>
          </Stack>
        </form>
      </Page>
    </BelowLink>
  );
}

const mistakeAt = (field: string, values: SourceValues): string | null => {
  const mistake = sourceMistake(values);
  return mistake !== null && mistake[0] === field ? mistake[1] : null;
};

/** The mistakes that the answer names, by the fields of the form. */
function mistakesOf(error: unknown): Record<string, string> {
  const places: Readonly<Record<string, string>> = { ...SETTING_PLACES, name: 'name', document_url: 'url' };
  const mistakes = Object.entries(fieldErrorsOf(error, Object.keys(places)));
  return Object.fromEntries(mistakes.map(([place, message]) => [places[place] ?? place, message]));
}
