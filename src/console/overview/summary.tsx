import { Badge, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../api.ts';
import { mayOneOf, useSession } from '../session.ts';
import { Instant } from '../ui/instant.tsx';
import { Outside } from '../ui/outside.tsx';
import { Section } from '../ui/section.tsx';
import { CallChart } from './call-chart.tsx';

type Expiring = {
  readonly id: string;
  readonly name: string;
  readonly at: number | string;
  /** The organization that owns it; null where there is only one. */
  readonly organization: string | null;
};

/** The things of an overview, of one organization or of all. */
export type Things = {
  /** The number of calls that wait for a person. */
  readonly pending: number;
  readonly servers: {
    readonly connected: number;
    readonly unreachable: number;
    /** The number of all others, and their common name. */
    readonly idle: number;
    readonly idleName: string;
  };
  readonly failing: readonly {
    readonly id: string;
    readonly name: string;
    readonly since: number;
    readonly error: string;
  }[];
  readonly endpoints: readonly (Expiring & { readonly accountId: string })[];
  readonly credentials: readonly (Expiring & { readonly kind: Schemas['CredentialKind'] })[];
  readonly calls: Schemas['CallDays'];
};

type SummaryProps = {
  readonly things: Things;
  /** The name of what this is an overview of, where a page has two. */
  readonly of: string | null;
  readonly isOperator?: boolean;
};

/** What needs somebody, as numbers and one by one, and the calls of each day. */
export function Summary({ things, of, isOperator = false }: SummaryProps) {
  const { servers, pending, failing, endpoints, credentials, calls } = things;
  const session = useSession();
  const decides = mayOneOf(session, ['approvals']) && !isOperator;
  const suffix = of === null ? '' : `: ${of}`;
  return (
    <>
      <Section title={`What needs you${suffix}`}>
        <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
          <Tile
            count={pending}
            one="call waits for a decision"
            many="calls wait for a decision"
            {...(decides && { to: '/approvals' })}
          />
          <Tile
            count={servers.unreachable}
            one={isOperator ? 'shared server is down' : 'server is down'}
            many={isOperator ? 'shared servers are down' : 'servers are down'}
            note={`${servers.connected} connected, ${servers.idle} ${servers.idleName}`}
          />
          <Tile count={endpoints.length} one="endpoint expires within 7 days" many="endpoints expire within 7 days" />
          <Tile
            count={credentials.length}
            one="API token or key pair expires within 7 days"
            many="API tokens and key pairs expire within 7 days"
          />
        </SimpleGrid>
        <Stack gap={0} mt={failing.length + endpoints.length + credentials.length > 0 ? 'sm' : 0}>
          {failing.map(({ id, name, since, error }) => (
            <Row key={id} kind="server" colour="red">
              <Outside>{name}</Outside> went down <Instant at={since} />: <Outside>{error}</Outside>
            </Row>
          ))}
          {endpoints.map(({ id, accountId, name, at }) => (
            <Row key={id} kind="endpoint" colour="orange">
              {isOperator || !mayOneOf(session, ['accounts']) ? (
                <Outside>{name}</Outside>
              ) : (
                <Link to="/endpoints/$accountId/$endpointId" params={{ accountId, endpointId: id }}>
                  <Outside>{name}</Outside>
                </Link>
              )}{' '}
              expires <Instant at={at} />
            </Row>
          ))}
          {credentials.map(({ id, name, at, kind, organization }) => (
            <Row key={id} kind={kind === 'key_pair' ? 'key pair' : 'API token'} colour="orange">
              {organization === null ? (
                <Outside>{name}</Outside>
              ) : (
                <Link to="/organizations/$organizationId" params={{ organizationId: organization }}>
                  <Outside>{name}</Outside>
                </Link>
              )}{' '}
              expires <Instant at={at} />
              {!isOperator && '. The operator makes new ones.'}
            </Row>
          ))}
        </Stack>
      </Section>
      <Section title={`Calls of each day${suffix}`}>
        <CallChart days={calls} />
      </Section>
    </>
  );
}

type TileProps = {
  readonly count: number;
  /** The words after the number. */
  readonly one: string;
  readonly many: string;
  readonly note?: string;
  readonly to?: LinkProps['to'] & string;
};

const Tile = ({ count, one, many, note, to }: TileProps) => {
  const content = (
    <>
      <Text span fz={28} fw={700} lh={1.2} c={count === 0 ? 'dimmed' : 'orange'} display="block">
        {count}{' '}
      </Text>
      <Text span size="sm" display="block">
        {count === 1 ? one : many}
      </Text>
    </>
  );
  return (
    <Paper withBorder p="sm">
      {to === undefined ? content : <Link to={to}>{content}</Link>}
      {note !== undefined && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Paper>
  );
};

type RowProps = { readonly kind: string; readonly colour: string; readonly children: ReactNode };

const Row = ({ kind, colour, children }: RowProps) => (
  <Group gap="sm" py={6} wrap="nowrap" align="flex-start" className="ruled">
    <Badge color={colour} variant="outline" miw={92}>
      {kind}
    </Badge>
    <Text size="sm" style={{ minWidth: 0 }}>
      {children}
    </Text>
  </Group>
);
