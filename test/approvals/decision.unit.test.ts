import { describe, expect, test } from 'vitest';
import { decideTool } from '../../src/approvals/decide-tool.ts';
import { decide } from '../../src/approvals/decision.ts';
import { APPROVAL_POLICIES } from '../../src/contract/approval-policies.ts';
import type { ApprovalPolicy, ApprovalReason } from '../../src/contract/closed-words.ts';

const PRESENT = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const NOW = 1000;
const APPROVALS = [
  'none',
  'present, runs',
  'present, waits',
  'other, runs',
  'other, waits',
  'expired: present, runs',
  'expired: present, waits',
  'expired: other, runs',
] as const;
const PINS = ['present', 'other', 'absent', 'never pinned'] as const;
const HINTS = [undefined, true, false, 'true', 1, null];

type Case = {
  readonly policy: ApprovalPolicy;
  readonly approval: (typeof APPROVALS)[number];
  readonly pin: (typeof PINS)[number];
  readonly readOnlyHint: unknown;
  readonly destructiveHint: unknown;
};

const cases: Case[] = APPROVAL_POLICIES.flatMap((policy) =>
  APPROVALS.flatMap((approval) =>
    PINS.flatMap((pin) =>
      HINTS.flatMap((readOnlyHint) =>
        HINTS.map((destructiveHint) => ({ policy, approval, pin, readOnlyHint, destructiveHint })),
      ),
    ),
  ),
);

/** The numbered rules of the Servers API, the first that says something: that a call runs, or why it waits. */
const RULES: readonly ((the: Case) => 'runs' | ApprovalReason | undefined)[] = [
  ({ policy }) => (policy === 'auto_approve_all' ? 'runs' : undefined),
  ({ policy }) => (policy === 'require_approval_all' ? 'all' : undefined),
  ({ pin, approval }) => (pin === 'other' && !approval.startsWith('present') ? 'changed' : undefined),
  ({ pin, approval }) => (pin === 'absent' && !approval.startsWith('present') ? 'new' : undefined),
  ({ approval }) => (isNone(approval) ? undefined : approval === 'present, runs' ? 'runs' : 'per_tool'),
  ({ policy }) => (policy === 'require_approval_per_tool' ? 'per_tool' : undefined),
  ({ readOnlyHint, destructiveHint }) => (readOnlyHint === true && destructiveHint !== true ? 'runs' : undefined),
  () => 'not_read_only',
];
const isNone = (approval: Case['approval']) => approval === 'none' || approval.startsWith('expired');
function expectedOf(the: Case) {
  const said = RULES.map((rule) => rule(the)).find((rule) => rule !== undefined) ?? 'runs';
  return said === 'runs' ? { verdict: 'runs', reason: null } : { verdict: 'waits', reason: said };
}
const hasChanged = ({ pin, approval }: Case) => pin === 'other' && !approval.startsWith('present');

function decided({ policy, approval, pin, readOnlyHint, destructiveHint }: Case, name = 'file_read') {
  const [about = '', answer] = approval.replace('expired: ', '').split(', ');
  const expiresAt = approval.startsWith('expired') ? NOW : NOW + 1;
  const noted = { organizationId: 'o', accountId: 'x', createdAt: 0, expiresAt };
  const others = [{ ...noted, toolName: 'another', approvalHash: PRESENT, autoApprove: true }];
  const own = {
    ...noted,
    toolName: name,
    approvalHash: about === 'present' ? PRESENT : OTHER,
    autoApprove: answer === 'runs',
  };
  const pins = { another: PRESENT };
  const definition = { name, inputSchema: {}, annotations: { readOnlyHint, destructiveHint } };
  const { verdict, reason, isChanged } = decideTool(
    { approvalPolicy: policy },
    { definition, hash: PRESENT },
    {
      approvals: approval === 'none' ? others : [...others, own],
      pins: pin === 'never pinned' ? null : pin === 'absent' ? pins : withPin(pins, name, pin),
    },
    NOW,
  );
  return { verdict, reason, isChanged };
}
const withPin = (pins: object, name: string, pin: 'present' | 'other') =>
  Object.fromEntries([...Object.entries(pins), [name, pin === 'present' ? PRESENT : OTHER]]);

describe('decides by policy, approval, pin and hints', () => {
  test.each(APPROVAL_POLICIES)('under %s', (policy) => {
    const own = cases.filter((the) => the.policy === policy);
    expect(own).toHaveLength(8 * 4 * 36);
    for (const the of own) {
      const expected = { ...expectedOf(the), isChanged: hasChanged(the) };
      expect(decided(the), JSON.stringify(the)).toEqual(expected);
    }
  });

  test('hints never override a person: changed, new and refused tools do not run', () => {
    const silent = cases.filter(
      ({ policy, approval }) => policy !== 'auto_approve_all' && approval !== 'present, runs',
    );
    const running = silent.filter((the) => decided(the).verdict === 'runs');
    expect(new Set(running.map(({ policy, approval, pin }) => `${policy}: ${approval}, ${pin}`))).toEqual(
      new Set(
        APPROVALS.filter(isNone).flatMap((approval) =>
          ['present', 'never pinned'].map((pin) => `auto_approve_read_only: ${approval}, ${pin}`),
        ),
      ),
    );
  });
});

test.each(['__proto__', 'constructor', 'toString', ''])('a tool named %j has no pin from the prototype', (name) => {
  const the = {
    policy: 'auto_approve_read_only',
    approval: 'none',
    readOnlyHint: true,
    destructiveHint: false,
  } as const;
  expect(decided({ ...the, pin: 'absent' }, name)).toEqual({ verdict: 'waits', reason: 'new', isChanged: false });
  expect(decided({ ...the, pin: 'other' }, name)).toEqual({ verdict: 'waits', reason: 'changed', isChanged: true });
  expect(decided({ ...the, pin: 'present' }, name)).toEqual({ verdict: 'runs', reason: null, isChanged: false });
});

test.each([undefined, null, [], 'readOnlyHint', true])('invalid annotations count as no hints: %j', (annotations) => {
  const definition = { name: 'x', inputSchema: {}, annotations };
  const known = { approvals: [], pins: null };
  const the = decideTool({ approvalPolicy: 'auto_approve_read_only' }, { definition, hash: PRESENT }, known, NOW);
  expect(the.verdict).toBe('waits');
});

test.each([
  ['auto_approve_all', 'runs', 'runs'],
  ['require_approval_all', 'waits', 'waits'],
  ['auto_approve_read_only', 'runs', 'waits'],
  ['require_approval_per_tool', 'waits', 'waits'],
] as const)('an own tool under %s: a reading tool %s, a writing tool %s', (policy, reading, writing) => {
  expect(decide(policy, { readOnlyHint: true })).toMatchObject({ verdict: reading, isChanged: false });
  expect(decide(policy, {})).toMatchObject({ verdict: writing, isChanged: false });
});
