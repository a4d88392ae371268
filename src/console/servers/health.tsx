import { Badge, Text } from '@mantine/core';
import type { Schemas } from '../api.ts';
import { WholeInstant } from '../ui/instant.tsx';
import { Outside } from '../ui/outside.tsx';

/** Milliseconds between two looks at the health of servers. */
export const HEALTH_POLL_MS = 5_000;

type Health = Schemas['McpServerHealth'];

const STATES: Readonly<Record<Health['state'], { readonly label: string; readonly colour: string }>> = {
  connected: { label: 'connected', colour: 'green' },
  unreachable: { label: 'unreachable', colour: 'red' },
  unknown: { label: 'not used yet', colour: 'gray' },
};

/** How a server was when it was last used. */
export const HealthBadge = ({ health }: { readonly health: Health }) => (
  <Badge color={STATES[health.state].colour}>{STATES[health.state].label}</Badge>
);

/** Since when a server is in its state, and why it is unreachable. */
export const HealthReason = ({ health: { since, last_error: error } }: { readonly health: Health }) => (
  <>
    {since !== null && (
      <Text size="sm" c="dimmed" span>
        since <WholeInstant at={since} />
      </Text>
    )}
    {error !== null && (
      <Text size="sm">
        <Outside>{error}</Outside>
      </Text>
    )}
  </>
);
