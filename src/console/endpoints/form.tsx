import { Button, Checkbox, Grid, Group, Pill, Radio, Stack, TagsInput, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { type ReactNode, useEffect, useMemo } from 'react';
import { ExpiryInput } from '../ui/expiry-input.tsx';
import { Outside } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Preview, useTools } from './preview.tsx';
import { type EndpointValues, mistakesOf, scopeOf, VALIDATE } from './values.ts';

type EndpointFormProps = {
  readonly account: string;
  readonly initial: EndpointValues;
  readonly submitText: string;
  readonly isSending: boolean;
  readonly error: unknown;
  readonly onSubmit: (values: EndpointValues) => void;
  /** Stand beside the button that sends. */
  readonly actions?: ReactNode;
};

/** The form of an endpoint, and beside it the tools that pass. */
export function EndpointForm({ account, initial, submitText, isSending, error, onSubmit, actions }: EndpointFormProps) {
  const form = useForm<EndpointValues>({ initialValues: initial, validate: VALIDATE });
  const { setErrors } = form;
  useEffect(() => setErrors(mistakesOf(error)), [error, setErrors]);
  const { choice, methods, tags } = form.values;
  // The same object while nothing changes: the preview waits for a scope that stays.
  const scope = useMemo(() => scopeOf({ choice, methods, tags }), [choice, methods, tags]);
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <form onSubmit={form.onSubmit(onSubmit)} noValidate>
          <Stack>
            {error !== null && <ProblemNotice error={error} />}
            <TextInput
              label="Name"
              description="People see it in lists, in approvals and in the configuration of clients."
              required
              maxLength={200}
              autoComplete="off"
              {...form.getInputProps('name')}
            />
            <ScopeFields account={account} form={form} />
            <ExpiryInput
              description="From then on, the URL is refused. Its clients get no warning."
              {...form.getInputProps('expiry')}
              value={form.values.expiry}
            />
            <Checkbox
              label="Let clients search the tools (discovery)"
              description="The list of tools then has four tools, which search and call the others. It costs a language model less where there are many."
              {...form.getInputProps('isDiscovery', { type: 'checkbox' })}
            />
            <Checkbox
              label="Clients also send an API token"
              description="The URL alone is then refused: a client sends an API token of this organization as a bearer token too."
              {...form.getInputProps('asksForToken', { type: 'checkbox' })}
            />
            <Group>
              <Button type="submit" loading={isSending}>
                {submitText}
              </Button>
              {actions}
            </Group>
          </Stack>
        </form>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Preview account={account} scope={scope} />
      </Grid.Col>
    </Grid>
  );
}

type ScopeFieldsProps = { readonly account: string; readonly form: UseFormReturnType<EndpointValues> };

function ScopeFields({ account, form }: ScopeFieldsProps) {
  const { data } = useTools(account);
  const tools = data?.result ?? [];
  const known = useMemo(() => [...new Set(tools.flatMap(({ tags }) => tags))].toSorted(), [tools]);
  const customs = useMemo(
    () => [...new Set(tools.map(({ method }) => method))].filter((method) => !METHODS.includes(method)).toSorted(),
    [tools],
  );
  return (
    <>
      <Radio.Group label="Methods" {...form.getInputProps('choice')}>
        <Stack gap={6} mt={4}>
          <Radio value="all" label="All tools" />
          <Radio value="read" label="Only tools that read" description="The methods list and get." />
          <Radio value="chosen" label="Only chosen methods" />
        </Stack>
      </Radio.Group>
      {form.values.choice === 'chosen' && (
        <Words
          label="Chosen methods"
          description="A tool passes if any of them selects it. Words in capitals select by the request: GET, POST, …"
          data={[
            { group: 'Groups', items: GROUPS },
            { group: 'Methods', items: [...METHODS, ...customs] },
            { group: 'Requests', items: VERBS },
          ]}
          {...form.getInputProps('methods')}
        />
      )}
      <Words
        label="Tags"
        description="A tool passes if it also has any of them. Without tags, they do not matter."
        data={known}
        {...form.getInputProps('tags')}
      />
    </>
  );
}

const GROUPS = ['read', 'write', 'custom'];
const METHODS = ['list', 'get', 'create', 'update', 'delete'];
const VERBS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

type WordsProps = {
  readonly label: string;
  readonly description: ReactNode;
  readonly data: readonly (string | { readonly group: string; readonly items: string[] })[];
  readonly value?: string[];
};

/** A list of words, of which some are known. Upper and lower case differ: `GET` is not `get`. */
const Words = ({ data, ...props }: WordsProps) => (
  <TagsInput
    {...props}
    data={[...data]}
    maxTags={64}
    maxLength={128}
    splitChars={[',']}
    isDuplicate={(word, words) => words.includes(word)}
    openOnFocus={false}
    limit={100}
    renderOption={({ option }) => <Outside>{String(option.value)}</Outside>}
    renderPill={({ value, onRemove, disabled }) => (
      <Pill withRemoveButton={!disabled} {...(onRemove !== undefined && { onRemove })} maw="100%">
        <Outside>{String(value)}</Outside>
      </Pill>
    )}
  />
);
