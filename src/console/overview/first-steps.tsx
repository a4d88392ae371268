import { Badge, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PUBLIC_PATH } from '../api.ts';
import { mayOneOf, useSession } from '../session.ts';
import { Section } from '../ui/section.tsx';

/** The way to the first call, for a person of an organization that has had none. */
export function OrganizationSteps({ servers }: { readonly servers: number }) {
  const session = useSession();
  const hasBoth = mayOneOf(session, ['servers']) && mayOneOf(session, ['accounts']);
  return (
    <Section title="First steps">
      <Stack gap="md" component="ol" m={0} pl="lg">
        <Step title="Sign in with a key pair and an API token" isDone={hasBoth}>
          The key pair opens servers and approvals, the API token integrations, accounts and endpoints. The operator
          makes them; those of the first start are in <code>data/credentials</code>. Fill in both where you sign in.
        </Step>
        <Step title="Register a server" isDone={servers > 0}>
          An MCP server that Gatehouse connects to. Its policy says which calls wait for a person.
        </Step>
        <Step title="Mint an endpoint">
          An <Link to="/endpoints">endpoint</Link> is a URL that serves the tools of one server or account: all, or
          those that you choose, until a time that you choose.
        </Step>
        <Step title="Connect a client">
          Give the URL to <a href={`${PUBLIC_PATH}/docs/clients.html`}>Claude, Cursor, VS Code or any MCP client</a>.
          Its calls are counted here.
        </Step>
      </Stack>
    </Section>
  );
}

/** The way to the first call, for the operator of an installation that has had none. */
export const OperatorSteps = () => (
  <Section title="First steps">
    <Stack gap="md" component="ol" m={0} pl="lg">
      <Step title="Choose an organization, or create one">
        <Link to="/organizations" search={{ page: 0, name: '' }}>
          Organizations
        </Link>{' '}
        own servers, endpoints and credentials, and see nothing of each other. The first start has created one.
      </Step>
      <Step title="Give it an API token and a key pair">
        With them its people and programs sign in. The first start has made some, in <code>data/credentials</code>. With
        an OpenID provider, people sign in as <Link to="/members">members</Link> instead.
      </Step>
      <Step title="Share a server, if there is one for many">
        The operator connects Gatehouse to servers, also to local processes, and grants them to organizations.
      </Step>
      <Step title="Mint an endpoint and connect a client">
        Sign in with the API token and the key pair of the organization: its own overview leads on from there.
      </Step>
    </Stack>
  </Section>
);

type StepProps = { readonly title: ReactNode; readonly isDone?: boolean; readonly children: ReactNode };

const Step = ({ title, isDone = false, children }: StepProps) => (
  <li>
    <Group gap="xs">
      <Text fw={600}>{title}</Text>
      {isDone && (
        <Badge color="green" variant="outline">
          done
        </Badge>
      )}
    </Group>
    <Text size="sm">{children}</Text>
  </li>
);
