import { Alert, Button, Group, Modal, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { mayOneOf, useSession } from '../session.ts';
import { Differences } from '../ui/differences.tsx';
import { Until } from '../ui/facts.tsx';
import { Outside, OutsideLines } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';

type Tool = Schemas['McpServerTool'];

/** How long a tool approval counts, in hours; empty is without end. */
const TERMS = [
  { value: '', label: 'until it is revoked' },
  { value: '24', label: 'for a day' },
  { value: '168', label: 'for 7 days' },
  { value: '720', label: 'for 30 days' },
];
const HOUR_MS = 3_600_000;

type ToolDialogProps = {
  readonly serverId: string;
  /** The tool that is reviewed; null closes the dialog. */
  readonly tool: Tool | null;
  readonly onClose: () => void;
};

/** One tool as its server defines it, and the standing decision about it. */
export const ToolDialog = ({ serverId, tool, onClose }: ToolDialogProps) => (
  <Modal opened={tool !== null} onClose={onClose} size="xl" title={tool !== null && <Outside>{tool.name}</Outside>}>
    {tool !== null && <Review serverId={serverId} tool={tool} onClose={onClose} />}
  </Modal>
);

function Review({ serverId, tool, onClose }: { serverId: string; tool: Tool; onClose: () => void }) {
  const session = useSession();
  return (
    <Stack gap="md">
      <Standing tool={tool} />
      {tool.pinned_definition !== null && (
        <Alert
          color="orange"
          variant="outline"
          title="The server has changed this tool since a person decided about it"
        >
          <Differences before={tool.pinned_definition} after={definitionOf(tool)} />
        </Alert>
      )}
      {tool.approval === 'changed' && tool.pinned_definition === null && (
        <Alert color="orange" variant="outline" title="The server has changed this tool">
          Its first definition is not kept, so the differences cannot be shown. Read the whole of the new one.
        </Alert>
      )}
      <Stack gap="xs" component="section" aria-label="The tool, in its server’s words">
        <Title order={3} size="h5">
          The tool, in its server’s words
        </Title>
        {tool.description === null ? (
          <Text size="sm">The server does not describe it.</Text>
        ) : (
          <OutsideLines>{tool.description}</OutsideLines>
        )}
        <details>
          <summary>Whole definition</summary>
          <OutsideLines>{JSON.stringify(definitionOf(tool), null, 2)}</OutsideLines>
        </details>
      </Stack>
      {mayOneOf(session, ['approvals']) ? (
        <Decision serverId={serverId} tool={tool} onClose={onClose} />
      ) : (
        <Text size="sm">To approve tools, you need the permission “approvals”.</Text>
      )}
    </Stack>
  );
}

/** The members of a definition as the server lists them, without those that the answer has in addition. */
const definitionOf = ({ name, description, inputSchema, annotations, other_members: others }: Tool) => ({
  name,
  ...(description !== null && { description }),
  inputSchema,
  ...(Object.keys(annotations).length > 0 && { annotations }),
  ...others,
});

const CALLS: Readonly<Record<Tool['approval'], string>> = {
  runs: 'Calls of this tool run.',
  waits: 'Calls of this tool wait for a person.',
  changed: 'The definition differs from the first one that was seen. Calls wait, unless the policy lets all calls run.',
};

function Standing({ tool: { approval, tool_approval: decision, definition_hash: hash } }: { readonly tool: Tool }) {
  return (
    <Stack gap={4}>
      <Text>{CALLS[approval]}</Text>
      {decision !== null && (
        <Text size="sm">
          A person has decided that its calls {decision.auto_approve ? 'run' : 'wait'},{' '}
          <Until at={decision.created_at} />
          {decision.approval_hash !== hash && ', about another definition'}
          {decision.expires_at !== null && (
            <>
              ; {decision.expired ? 'this has ended' : 'this ends'} <Until at={decision.expires_at} />
            </>
          )}
          .
        </Text>
      )}
    </Stack>
  );
}

function Decision({ serverId, tool, onClose }: { serverId: string; tool: Tool; onClose: () => void }) {
  const [hours, setHours] = useState('');
  const save = api.useMutation('post', '/api/mcp-servers/{mcpServerId}/tool-approvals', { onSuccess: onClose });
  const revoke = api.useMutation('delete', '/api/mcp-servers/{mcpServerId}/tool-approvals/{toolName}', {
    onSuccess: onClose,
  });
  const isBusy = save.isPending || revoke.isPending;
  const decide = (auto_approve: boolean) =>
    save.mutate({
      params: { path: { mcpServerId: serverId } },
      body: {
        tool_name: tool.name,
        approval_hash: tool.definition_hash,
        auto_approve,
        ...(hours !== '' && { expires_at: Date.now() + Number(hours) * HOUR_MS }),
      },
    });
  const error = save.error ?? revoke.error;
  return (
    <Stack gap="sm" component="section" aria-label="Decision">
      <Text size="sm">
        An approval is for this definition only: when the server changes it, calls wait again. It does not count while
        the policy holds every call back.
      </Text>
      <NativeSelect
        label="The decision counts"
        data={TERMS}
        maw={260}
        value={hours}
        onChange={({ currentTarget }) => setHours(currentTarget.value)}
      />
      {error !== null && <ProblemNotice error={error} />}
      <Group gap="xs">
        <Button color="green" loading={save.isPending} disabled={isBusy} onClick={() => decide(true)}>
          Let its calls run
        </Button>
        <Button color="red" variant="outline" disabled={isBusy} onClick={() => decide(false)}>
          Let its calls wait
        </Button>
        {tool.tool_approval !== null && (
          <Button
            variant="default"
            loading={revoke.isPending}
            disabled={isBusy}
            onClick={() => revoke.mutate({ params: { path: { mcpServerId: serverId, toolName: tool.name } } })}
          >
            Revoke the decision
          </Button>
        )}
      </Group>
    </Stack>
  );
}
