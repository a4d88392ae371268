import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFailureLog } from '../../src/runtime/failure-log.ts';
import { ServerFailed } from '../../src/runtime/server-failed.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start() {
  const lines: Record<string, unknown>[] = [];
  const log = { warn: (details: unknown) => void lines.push(details as Record<string, unknown>) };
  const { note } = createFailureLog({ log, intervalMs: 1000 });
  const fail = (organizationId: string, server: string, cause?: unknown) =>
    note(new ServerFailed('Time', 'unreachable', 'cannot be reached.', cause), { organizationId, server });
  return { lines, fail };
}

it('logs a failure at once, and those of an interval in one line with their count', () => {
  const { lines, fail } = start();
  for (let time = 0; time < 1000; time++) {
    fail('o', 's');
  }
  expect(lines).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(lines.map(({ failures }) => failures)).toEqual([1, 999]);
  vi.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(2);
  fail('o', 's');
  expect(lines.map(({ failures }) => failures)).toEqual([1, 999, 1]);
});

it('separates servers and organizations, and keeps no timer after the last failure', () => {
  const { lines, fail } = start();
  fail('o', 's');
  fail('o', 't');
  fail('p', 's');
  expect(lines.map(({ organizationId, server }) => [organizationId, server])).toEqual([
    ['o', 's'],
    ['o', 't'],
    ['p', 's'],
  ]);
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});

it('logs the causes briefly and without a stack', () => {
  const { lines, fail } = start();
  fail('o', 's', new Error('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') }));
  expect(lines).toEqual([
    {
      organizationId: 'o',
      server: 's',
      kind: 'unreachable',
      reason: "The MCP server 'Time' cannot be reached.",
      cause: 'fetch failed: connect ECONNREFUSED 127.0.0.1:1',
      failures: 1,
    },
  ]);
  const endless = new Error('x'.repeat(10_000));
  endless.cause = endless;
  fail('o', 't', endless);
  expect(JSON.stringify(lines[1]).length).toBeLessThan(1000);
});
