import { Alert, Badge, Text } from '@mantine/core';
import type { Schemas } from '../api.ts';
import { Outside } from '../ui/outside.tsx';

type Reload = Schemas['Reload'];
type State = Schemas['RuntimeServer']['state'];

const TITLES: Readonly<Record<Reload['status'], string>> = {
  reloaded: 'Saved, and in use',
  restart_required: 'Saved, and in use after a restart',
  reload_failed: 'Nothing was saved',
};

/** Whether the gateway uses what was saved, in the words of the API. */
export const ReloadNotice = ({ reload: { status, message, error } }: { readonly reload: Reload }) => (
  <Alert
    color={status === 'reloaded' && error === null ? 'green' : 'orange'}
    variant="outline"
    title={status === 'reloaded' && error !== null ? 'Saved, but it cannot be used yet' : TITLES[status]}
    role="status"
  >
    <Text size="sm">
      <Outside>{message}</Outside>
    </Text>
    {error !== null && (
      <Text size="sm">
        <Outside>{error}</Outside>
      </Text>
    )}
  </Alert>
);

const COLOURS: Readonly<Record<State, string>> = {
  connected: 'green',
  connecting: 'orange',
  unreachable: 'red',
  disabled: 'gray',
};

/** How a shared server is in the running gateway. */
export const StateBadge = ({ state }: { readonly state: State }) => <Badge color={COLOURS[state]}>{state}</Badge>;
