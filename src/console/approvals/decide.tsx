import { Button, Checkbox, Group, Paper, Stack, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useRef, useState } from 'react';
import { api } from '../api.ts';
import { ProblemNotice } from '../ui/problem.tsx';
import { useShortcuts } from '../ui/shortcuts.ts';
import type { WholeRequest } from './facts.ts';

/** The decision about a call: it names the exact arguments and definition that stand on the page. */
export function Decide({ request }: { readonly request: WholeRequest }) {
  const [reason, setReason] = useState('');
  const [remembers, setRemembers] = useState(false);
  const decide = api.useMutation('post', '/api/approval-requests/{approvalRequestId}/decision', {
    onSuccess: ({ data: { status, decisions, required_approvals: required } }) =>
      notifications.show({
        message:
          status === 'pending'
            ? `Saved. ${required - decisions.length} more must approve it.`
            : `The call is ${status}.`,
      }),
  });
  const send = (decision: 'approve' | 'deny') => {
    if (decide.isPending) {
      return;
    }
    decide.mutate({
      params: { path: { approvalRequestId: request.id } },
      body: {
        decision,
        arguments_digest: request.arguments_digest,
        definition_hash: request.definition_hash,
        ...(reason.trim() !== '' && { reason: reason.trim() }),
        ...(decision === 'approve' && remembers && { remember: 'tool' as const }),
      },
    });
  };
  const approve = useRef<HTMLButtonElement>(null);
  const deny = useRef<HTMLButtonElement>(null);
  // They only go there: a key that is pressed by mistake decides nothing.
  useShortcuts({ a: () => approve.current?.focus(), d: () => deny.current?.focus() });
  return (
    <Paper withBorder p="sm" component="section" aria-label="Decision">
      <Stack gap="sm">
        {decide.error !== null && <ProblemNotice error={decide.error} />}
        <Textarea
          label="Reason"
          description="The client of a denied call is told it."
          maxLength={1024}
          autosize
          minRows={1}
          maxRows={4}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        {request.required_approvals === 1 && request.approval_policy !== 'require_approval_all' && (
          <Checkbox
            label="Remember: later calls of this tool run without a person, whatever their arguments are, until its definition changes."
            checked={remembers}
            onChange={({ currentTarget }) => setRemembers(currentTarget.checked)}
          />
        )}
        <Group grow>
          <Button ref={deny} color="red" variant="outline" onClick={() => send('deny')} disabled={decide.isPending}>
            Deny
          </Button>
          <Button ref={approve} color="green" onClick={() => send('approve')} loading={decide.isPending}>
            Approve
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
