import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { api, type Schemas } from '../api.ts';
import { Faults, useTools } from '../endpoints/preview.tsx';
import { mayOneOf, useSession } from '../session.ts';
import { ExpiryInput, instantOf, NEVER } from '../ui/expiry-input.tsx';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { keepFocus } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { Section } from '../ui/section.tsx';
import { type Tool, ToolList } from '../ui/tool-list.tsx';
import { type Account, isServer } from './account-name.tsx';

type Approval = Schemas['AccountToolApproval'];

/** The tools of an account, and the standing decisions about them. */
export function AccountTools({ account }: { readonly account: Account }) {
  const tools = useTools(account.id);
  const path = { id: account.id };
  const approvals = api.useQuery('get', '/integrated-account/{id}/tool-approvals', { params: { path } });
  const [end, setEnd] = useState(NEVER);
  const mayDecide = mayOneOf(useSession(), ['approvals']) && !isServer(account);
  const approve = api.useMutation('post', '/integrated-account/{id}/tool-approvals', {
    onSuccess: () => {
      notifications.show({ message: 'Saved.' });
      keepFocus();
    },
  });
  const revoke = api.useMutation('delete', '/integrated-account/{id}/tool-approvals/{tool_name}', {
    onSuccess: () => {
      notifications.show({ message: 'The policy of the integration decides again.' });
      keepFocus();
    },
  });
  const byName = new Map(approvals.data?.result.map((approval) => [approval.tool_name, approval]));
  const decide = ({ name, definition_hash: hash }: Tool, isApproved: boolean) =>
    approve.mutate({
      params: { path },
      body: {
        tool_name: name,
        approval_hash: hash,
        auto_approve: isApproved,
        expires_at: isApproved ? (instantOf(end) ?? null) : null,
      },
    });
  return (
    <Section title="Tools">
      <Stack gap="sm">
        {mayDecide && (
          <ExpiryInput
            label="Approvals that you give here end"
            description="An approval lets a tool run without a person, until its definition changes or the approval ends."
            value={end}
            onChange={setEnd}
          />
        )}
        {[approve.error, revoke.error, approvals.error].map(
          (error, at) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: the errors stand in a fixed order
            error !== null && <ProblemNotice key={at} error={error} />,
        )}
        <Loaded query={tools}>
          {(preview) => (
            <>
              {preview.result.length === 0 && <Text size="sm">No tool is known.</Text>}
              <ToolList
                tools={preview.result}
                after={(tool) => (
                  <Decision
                    tool={tool}
                    approval={byName.get(tool.name)}
                    {...(mayDecide && {
                      onDecide: (isApproved: boolean) => decide(tool, isApproved),
                      onRevoke: () => revoke.mutate({ params: { path: { ...path, tool_name: tool.name } } }),
                    })}
                  />
                )}
              />
              <Faults preview={preview} />
            </>
          )}
        </Loaded>
      </Stack>
    </Section>
  );
}

type DecisionProps = {
  readonly tool: Tool;
  readonly approval: Approval | undefined;
  /** Absent for people who may not decide, and for servers. */
  readonly onDecide?: (isApproved: boolean) => void;
  readonly onRevoke?: () => void;
};

/** The standing decision about one tool, and the way to another. */
function Decision({ tool, approval, onDecide, onRevoke }: DecisionProps) {
  const isCurrent = approval !== undefined && approval.approval_hash === tool.definition_hash && !approval.expired;
  return (
    <Group gap="xs" mt={4}>
      {approval !== undefined && <State approval={approval} isCurrent={isCurrent} />}
      {onDecide !== undefined && !(isCurrent && approval.auto_approve) && (
        <Button size="compact-sm" variant="default" aria-label={`Approve ${tool.name}`} onClick={() => onDecide(true)}>
          Approve
        </Button>
      )}
      {onDecide !== undefined && !(isCurrent && !approval.auto_approve) && (
        <Button size="compact-sm" variant="default" aria-label={`Refuse ${tool.name}`} onClick={() => onDecide(false)}>
          Refuse
        </Button>
      )}
      {onRevoke !== undefined && approval !== undefined && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Revoke the decision about ${tool.name}`}
          onClick={onRevoke}
        >
          Revoke
        </Button>
      )}
    </Group>
  );
}

function State({ approval, isCurrent }: { readonly approval: Approval; readonly isCurrent: boolean }) {
  if (approval.expired) {
    return <Badge color="gray">approval has ended</Badge>;
  }
  if (!approval.auto_approve) {
    return <Badge color="red">refused</Badge>;
  }
  if (!isCurrent) {
    return <Badge color="orange">changed since it was approved</Badge>;
  }
  return (
    <>
      <Badge color="green">approved</Badge>
      {approval.expires_at !== null && (
        <Text size="sm">
          ends <Instant at={approval.expires_at} />
        </Text>
      )}
    </>
  );
}
