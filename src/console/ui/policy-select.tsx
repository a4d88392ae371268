import { Radio, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Schemas } from '../api.ts';

/** Which calls wait for a person. */
export type Policy = Schemas['ApprovalPolicy'];

/** The policies as people read them. */
export const POLICY_NAMES: Readonly<Record<Policy, string>> = {
  require_approval_all: 'Every call waits',
  require_approval_per_tool: 'Approved tools run',
  auto_approve_read_only: 'Read-only and approved tools run',
  auto_approve_all: 'All calls run',
};

/** The strictest first. */
const POLICIES: readonly Policy[] = [
  'require_approval_all',
  'require_approval_per_tool',
  'auto_approve_read_only',
  'auto_approve_all',
];

const READ_ONLY = {
  server:
    'Calls of tools that declare themselves read-only run until their definition changes, and so do approved tools.',
  integration: 'Calls of GET operations run until their definition changes, and so do approved tools.',
};

type PolicySelectProps = {
  /** The thing that the policy is of: it decides which tools are read-only. */
  readonly of: 'server' | 'integration';
  readonly value: Policy;
  readonly onChange: (policy: Policy) => void;
  readonly error?: ReactNode;
};

/** The four policies, each with its consequence. Made for `getInputProps` of a form. */
export function PolicySelect({ of, value, onChange, error }: PolicySelectProps) {
  const consequences: Readonly<Record<Policy, string>> = {
    require_approval_all: 'A person decides about each single call.',
    require_approval_per_tool: 'All other calls wait for a person.',
    auto_approve_read_only: `${READ_ONLY[of]} All other calls wait.`,
    auto_approve_all: 'No call waits for a person.',
  };
  return (
    <Radio.Group
      label="Which calls wait for a person"
      description="A looser choice than before needs the permission “approvals”."
      value={value}
      onChange={(policy) => onChange(policy as Policy)}
      error={error}
    >
      <Stack gap="xs" mt="xs">
        {POLICIES.map((policy) => (
          <Radio key={policy} value={policy} label={POLICY_NAMES[policy]} description={consequences[policy]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
