import { Button, Checkbox, Group, Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { api, type Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Outside } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';

type Webhook = Schemas['Webhook'];

const EVENTS: readonly { readonly value: Schemas['WebhookEvent']; readonly label: string }[] = [
  { value: 'approval.requested', label: 'A call waits for a person' },
  { value: 'approval.decided', label: 'A person has approved or denied it' },
  { value: 'approval.expired', label: 'Nobody has decided in time' },
  { value: 'approval.outdated', label: 'Something has changed that the request depends on' },
  { value: 'approval.used', label: 'The approved call was sent' },
];

type WebhookFormProps = {
  /** The webhook that is changed; null for a new one. */
  readonly webhook: Webhook | null;
  /** Is told the secret of a new webhook; null for one that was there. */
  readonly onSaved: (secret: string | null) => void;
  readonly onCancel: () => void;
};

/** The settings of a webhook. */
export function WebhookForm({ webhook, onSaved, onCancel }: WebhookFormProps) {
  const form = useForm({
    initialValues: {
      url: '',
      events: [...(webhook?.events ?? ['approval.requested' as const])],
      format: webhook?.format ?? 'standard',
      include_arguments: webhook?.include_arguments ?? false,
      enabled: webhook?.enabled ?? true,
    },
    validate: {
      url: (url) =>
        URL.canParse(url) || (webhook !== null && url === '')
          ? null
          : 'Write a whole URL, such as https://hooks.example.com/gatehouse.',
      events: (events) => (events.length === 0 ? 'Choose at least one event.' : null),
    },
  });
  const options = {
    onError: (error: unknown) => form.setErrors(fieldErrorsOf(error, Object.keys(form.values))),
  };
  const create = api.useMutation('post', '/api/webhooks', {
    ...options,
    onSuccess: ({ data }) => onSaved(data.secret),
  });
  const update = api.useMutation('patch', '/api/webhooks/{webhookId}', { ...options, onSuccess: () => onSaved(null) });
  const submit = form.onSubmit(({ url, ...others }) => {
    if (webhook === null) {
      create.mutate({ body: { url, ...others } });
    } else {
      update.mutate({ params: { path: { webhookId: webhook.id } }, body: { ...(url !== '' && { url }), ...others } });
    }
  });
  const error = create.error ?? update.error;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label="URL"
          description={
            webhook === null ? (
              'It is stored encrypted, and never shown again.'
            ) : (
              <>
                Now <Outside>{webhook.url}</Outside>, of which the rest is hidden. Leave it empty to keep it.
              </>
            )
          }
          required={webhook === null}
          type="url"
          maxLength={2048}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('url')}
        />
        <Checkbox.Group label="Events" {...form.getInputProps('events')}>
          <Stack gap="xs" mt="xs">
            {EVENTS.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} description={value} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Radio.Group label="Format" {...form.getInputProps('format')}>
          <Stack gap="xs" mt="xs">
            <Radio value="standard" label="Standard" description="JSON, signed as Standard Webhooks describes." />
            <Radio value="slack" label="Slack" description="A text for an incoming webhook of Slack." />
          </Stack>
        </Radio.Group>
        <Checkbox
          label="Send the arguments of the calls"
          description="They can hold secrets of your users, and whoever receives the events can read them."
          {...form.getInputProps('include_arguments', { type: 'checkbox' })}
        />
        <Checkbox
          label="On"
          description="Events that happen while it is off are not sent later."
          {...form.getInputProps('enabled', { type: 'checkbox' })}
        />
        {error !== null && <ProblemNotice error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
