import { Badge, Group, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../api.ts';
import { Facts, Until } from '../ui/facts.tsx';
import { Instant } from '../ui/instant.tsx';
import { Outside, OutsideLines } from '../ui/outside.tsx';

type EventProps = {
  readonly event: Schemas['AuditEvent'];
  readonly organizations: readonly Schemas['Organization'][];
};

/** One event in a line, and whole when it is opened. */
export function AuditEvent({ event, organizations }: EventProps) {
  const { at, actor, action, target, outcome } = event;
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="ruled" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary className="event">
        <Text span size="sm">
          <Instant at={at} />
        </Text>
        <Group component="span" gap="xs">
          <Text span size="sm" fw={600}>
            <Outside>{action}</Outside>
          </Text>
          {outcome === 'failure' && <Badge color="red">failure</Badge>}
        </Group>
        <Text span size="sm">
          <Outside>{actor.name}</Outside>
        </Text>
        <Text span size="sm">
          <Outside>{target.id}</Outside>
        </Text>
      </summary>
      {isOpen && <Whole event={event} organizations={organizations} />}
    </details>
  );
}

function Whole({ event, organizations }: EventProps) {
  const { id, at, actor, organization, action, target, outcome, details } = event;
  const name = organizations.find((one) => one.id === organization)?.name;
  return (
    <>
      <Facts
        label={`Event ${id}`}
        facts={[
          ['Time', <Until key="at" at={at} />],
          ['Action', action],
          ['Outcome', outcome],
          [
            'Actor',
            <Outside key="actor">{`${actor.name} (${actor.kind}${actor.id === null ? '' : ` ${actor.id}`})`}</Outside>,
          ],
          [
            'Organization',
            organization === null ? (
              'none: an event of the operator'
            ) : name === undefined ? (
              <Outside key="organization">{`${organization} (deleted)`}</Outside>
            ) : (
              <Link key="organization" to="/organizations/$organizationId" params={{ organizationId: organization }}>
                <Outside>{name}</Outside>
              </Link>
            ),
          ],
          ['Target', <Outside key="target">{`${target.kind} ${target.id}`}</Outside>],
          ['Event', <Outside key="id">{id}</Outside>],
        ]}
      />
      {Object.keys(details).length > 0 && <OutsideLines>{JSON.stringify(details, null, 2)}</OutsideLines>}
    </>
  );
}
