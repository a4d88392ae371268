import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHealthLog } from '../../src/runtime/health-log.ts';
import type { HealthState } from '../../src/runtime/supervise.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start() {
  const lines: [string, string, number][] = [];
  const line =
    (level: string) =>
    (details: unknown): void => {
      const { state, changes } = details as { state: string; changes: number };
      lines.push([level, state, changes]);
    };
  const ended = new AbortController();
  const { note } = createHealthLog({
    log: { info: line('info'), warn: line('warn') },
    server: { server: 'id', name: 'Time' },
    intervalMs: 1000,
    ended: ended.signal,
  });
  return { lines, ended, note: (state: HealthState) => note({ state, since: 0, lastError: null }) };
}

it('logs a change at once, and those of an interval in one line with the last state', () => {
  const { lines, note } = start();
  note('connected');
  expect(lines).toEqual([['info', 'connected', 1]]);
  for (let time = 0; time < 51; time++) {
    note(time % 2 === 0 ? 'unreachable' : 'connected');
  }
  expect(lines).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(lines.slice(1)).toEqual([['warn', 'unreachable', 51]]);
  vi.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(2);
  note('connected');
  expect(lines.slice(2)).toEqual([['info', 'connected', 1]]);
});

it('logs at most one line per interval for a server that comes and goes', () => {
  const { lines, note } = start();
  for (let time = 0; time < 1000; time++) {
    note(time % 2 === 0 ? 'unreachable' : 'connected');
    vi.advanceTimersByTime(10);
  }
  expect(lines.length).toBeLessThanOrEqual(11);
});

it('logs nothing about a server after its end of use', () => {
  const { lines, note, ended } = start();
  note('connected');
  note('unreachable');
  ended.abort();
  vi.advanceTimersByTime(5000);
  note('connected');
  expect(lines).toHaveLength(1);
});
