import { List, Stack, Text } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, client, type Schemas } from '../api.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { type Fact, Facts, Until } from '../ui/facts.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside, OutsideLines } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { Grants } from './grants.tsx';
import { reloadOf } from './last-reload.ts';
import { ReloadNotice, StateBadge } from './reload.tsx';
import { runtimeOf, useRuntime } from './runtime.ts';
import { ToolsCheck } from './tools-check.tsx';

/** One shared server: how it runs, which tools it lists, and for whom. */
export function SharedServerPage() {
  const { sharedServerId } = useParams({ from: '/inside/shared-servers/$sharedServerId' });
  const path = { mcp_id: sharedServerId };
  const query = api.useQuery('get', '/admin/api/v1/mcp-servers/{mcp_id}', { params: { path } });
  const { data: status } = useRuntime();
  const runtime = runtimeOf(status, sharedServerId);
  // As it was when the page opened: the outcome of the change that led here.
  const [reload] = useState(() => reloadOf(sharedServerId));
  return (
    <Loaded query={query}>
      {(server) => (
        <Page title={<Outside>{server.name}</Outside>} name={server.name} actions={<Actions server={server} />}>
          {reload !== undefined && <ReloadNotice reload={reload} />}
          {runtime !== undefined && <Running runtime={runtime} />}
          <ToolsCheck id={server.id} />
          <Grants id={server.id} />
          <Section title="Settings">
            <Facts label="Settings" facts={factsOf(server)} />
          </Section>
        </Page>
      )}
    </Loaded>
  );
}

function Running({ runtime }: { readonly runtime: Schemas['RuntimeServer'] }) {
  const { state, since, lastError, toolCount, protocolVersion, stderr, warnings } = runtime;
  const facts: Fact[] = [
    ['State', <StateBadge key="state" state={state} />],
    ['Since', <Until key="since" at={since} />],
    ...(lastError === null ? [] : [['Last error', <Outside key="error">{lastError}</Outside>] as const]),
    ['Tools', toolCount === null ? 'never listed' : String(toolCount)],
    ...(protocolVersion === null ? [] : [['Protocol', <Outside key="protocol">{protocolVersion}</Outside>] as const]),
    ...warnings.map((warning) => ['Left out', <Outside key={warning}>{warning}</Outside>] as const),
  ];
  return (
    <Section title="In the running gateway">
      <Facts label="In the running gateway" facts={facts} />
      {stderr !== null && stderr !== '' && (
        <details>
          <summary>Standard error of the process</summary>
          <OutsideLines>{stderr}</OutsideLines>
        </details>
      )}
    </Section>
  );
}

function factsOf({ id, slug, enabled, mcpServer, createdAt, updatedAt }: Schemas['SharedServer']): Fact[] {
  const { transport, url, command, args, headers, env, cwd, timeoutSeconds } = mcpServer;
  const names = (members: Readonly<Record<string, string>>) => Object.keys(members).join(', ') || 'none';
  return [
    ['On', enabled ? 'yes' : 'no'],
    ['Key', <Outside key="key">{mcpServer.name}</Outside>],
    ['Transport', transport],
    ...(transport === 'stdio'
      ? ([
          ['Command', <OutsideLines key="command">{[command, ...args].join('\n')}</OutsideLines>],
          ['Variables', <Outside key="env">{names(env)}</Outside>],
          ['Directory', <Outside key="cwd">{cwd ?? 'the one of Gatehouse'}</Outside>],
        ] as const)
      : ([
          ['URL', <Outside key="url">{url ?? ''}</Outside>],
          ['Request headers', <Outside key="headers">{names(headers)}</Outside>],
        ] as const)),
    ['Silence', `${timeoutSeconds ?? 60} seconds`],
    ['Added', <Until key="created" at={createdAt} />],
    ['Changed', <Until key="updated" at={updatedAt} />],
    ['Slug', <Outside key="slug">{slug}</Outside>],
    ['Id', <Outside key="id">{id}</Outside>],
  ];
}

function Actions({ server: { id, name } }: { readonly server: Schemas['SharedServer'] }) {
  const navigate = useNavigate();
  return (
    <>
      <LinkButton variant="default" to="/shared-servers/$sharedServerId/edit" params={{ sharedServerId: id }}>
        Edit
      </LinkButton>
      <ConfirmButton
        action="Delete"
        title={
          <>
            Delete <Outside>{name}</Outside>?
          </>
        }
        onConfirm={async () => {
          await client.DELETE('/admin/api/v1/mcp-servers/{mcp_id}', { params: { path: { mcp_id: id } } });
          // Before the answers are asked for again: this page has none any more.
          await navigate({ to: '/shared-servers' });
        }}
      >
        <Stack gap="xs">
          <Text size="sm">This cannot be undone. With the server, this goes:</Text>
          <List size="sm">
            <List.Item>its grants to organizations;</List.Item>
            <List.Item>every endpoint over it, in all organizations; calls in progress through them end.</List.Item>
          </List>
        </Stack>
      </ConfirmButton>
    </>
  );
}
