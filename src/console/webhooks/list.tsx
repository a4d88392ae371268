import { Alert, Badge, Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { api, client, type Schemas } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Copyable, ShownOnce } from '../ui/copyable.tsx';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { keepFocus, Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { WebhookForm } from './webhook-form.tsx';

type Webhook = Schemas['Webhook'];

/** Milliseconds between two looks at the deliveries: no event tells them. */
const POLL_MS = 5_000;

/** The URLs that are told of events about approvals, and how the last delivery to each ended. */
export function WebhookList() {
  const query = api.useQuery('get', '/api/webhooks', {}, { refetchInterval: POLL_MS });
  const [form, setForm] = useState<Webhook | 'new' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const closeSecret = () => {
    setSecret(null);
    keepFocus();
  };
  return (
    <Page title="Webhooks" actions={<Button onClick={() => setForm('new')}>Add a webhook</Button>}>
      <Text size="sm">A webhook tells a URL of yours that a call waits for a person, or what has become of it.</Text>
      <Loaded query={query}>
        {({ data: webhooks }) => (
          <>
            {webhooks.length === 0 && <Text>There is no webhook yet.</Text>}
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {webhooks.map((webhook) => (
                <Row key={webhook.id} webhook={webhook} onEdit={() => setForm(webhook)} onSecret={setSecret} />
              ))}
            </Stack>
          </>
        )}
      </Loaded>
      <Modal
        opened={form !== null}
        onClose={() => setForm(null)}
        title={form === 'new' ? 'Add a webhook' : 'Edit the webhook'}
        size="lg"
      >
        {form !== null && (
          <WebhookForm
            webhook={form === 'new' ? null : form}
            onSaved={(made) => {
              setForm(null);
              if (made !== null) {
                setSecret(made);
              }
            }}
            onCancel={() => setForm(null)}
          />
        )}
      </Modal>
      <Modal
        opened={secret !== null}
        onClose={closeSecret}
        title="The secret of the webhook"
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        {secret !== null && (
          <Stack>
            <ShownOnce title="It signs the events">
              <Copyable label="Secret" value={secret} />
            </ShownOnce>
            <Button onClick={closeSecret}>I have kept it</Button>
          </Stack>
        )}
      </Modal>
    </Page>
  );
}

type RowProps = {
  readonly webhook: Webhook;
  readonly onEdit: () => void;
  readonly onSecret: (secret: string) => void;
};

function Row({ webhook, onEdit, onSecret }: RowProps) {
  const params = { path: { webhookId: webhook.id } };
  const test = api.useMutation('post', '/api/webhooks/{webhookId}/test', {
    onSuccess: () => notifications.show({ message: 'A test event is on its way. Its delivery shows here.' }),
  });
  return (
    <Paper withBorder p="sm" component="li">
      <Stack gap="xs">
        <Group justify="space-between" align="flex-start" gap="xs">
          <Text fw={600} style={{ minWidth: 0, flex: '1 1 16rem' }}>
            <Outside>{webhook.url}</Outside>
          </Text>
          <Group gap="xs">
            {webhook.format === 'slack' && <Badge variant="outline">Slack</Badge>}
            {webhook.include_arguments && (
              <Badge variant="outline" color="orange">
                with arguments
              </Badge>
            )}
            <Badge color={webhook.enabled ? 'green' : 'gray'}>{webhook.enabled ? 'on' : 'off'}</Badge>
          </Group>
        </Group>
        <Text size="sm">Sends {webhook.events.join(', ')}</Text>
        {webhook.disabled_reason !== null && (
          <Alert color="red" variant="outline" title="Gatehouse has turned it off" p="xs">
            <Outside>{webhook.disabled_reason}</Outside>
          </Alert>
        )}
        <LastDelivery delivery={webhook.last_delivery} />
        {test.error !== null && <ProblemNotice error={test.error} />}
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={onEdit}>
            Edit
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            loading={test.isPending}
            disabled={!webhook.enabled}
            onClick={() => test.mutate({ params })}
          >
            Send a test event
          </Button>
          <ConfirmButton
            action="Rotate the secret"
            title="Rotate the secret?"
            size="compact-sm"
            onConfirm={async () => {
              const { data } = await client.POST('/api/webhooks/{webhookId}/rotate-secret', { params });
              onSecret(data?.data.secret ?? '');
            }}
          >
            <Text size="sm">
              A new secret is shown once. For 24 hours, events are signed with the new and with the previous one.
              Another rotation within this time ends the one before the previous.
            </Text>
          </ConfirmButton>
          <ConfirmButton
            action="Delete"
            title={
              <>
                Delete the webhook to <Outside>{webhook.url}</Outside>?
              </>
            }
            size="compact-sm"
            onConfirm={() => client.DELETE('/api/webhooks/{webhookId}', { params })}
          >
            <Text size="sm">
              This cannot be undone. Its secret goes with it, and events that wait for another try are not sent.
            </Text>
          </ConfirmButton>
        </Group>
      </Stack>
    </Paper>
  );
}

const STATES = {
  delivered: { colour: 'green', text: 'delivered' },
  waiting: { colour: 'orange', text: 'waits for another try' },
  failed: { colour: 'red', text: 'failed' },
} as const;

function LastDelivery({ delivery }: { readonly delivery: Webhook['last_delivery'] }) {
  if (delivery === null) {
    return <Text size="sm">No event has been sent yet.</Text>;
  }
  const { status, type, at, tries, response_status: answered, error } = delivery;
  return (
    <Group gap="xs">
      <Badge color={STATES[status].colour}>{STATES[status].text}</Badge>
      <Text size="sm">
        <Outside>{type}</Outside>, <Instant at={at} />, {tries === 1 ? '1 try' : `${tries} tries`}
        {answered !== null && `, HTTP ${answered}`}
        {error !== null && (
          <>
            : <Outside>{error}</Outside>
          </>
        )}
      </Text>
    </Group>
  );
}
