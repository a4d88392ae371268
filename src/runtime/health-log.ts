import type { Logger } from 'pino';
import { throttle } from '../base/throttle.ts';
import type { Health } from './supervise.ts';

/** Writes into the log how a server fares. */
export type HealthLog = {
  /** Logs a change at once, and of those within an interval after a line only the last, with their count. */
  readonly note: (health: Health) => void;
};

export type HealthLogOptions = {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** The server, as lines name it. */
  readonly server: { readonly server: string; readonly name: string };
  /** Milliseconds from one line to the next. */
  readonly intervalMs: number;
  /** Aborted when the server is not used any more: nothing is logged from then on. */
  readonly ended: AbortSignal;
};

/** Makes the log of one server, which may be lost and found again many times a minute. */
export function createHealthLog({ log, server, intervalMs, ended }: HealthLogOptions): HealthLog {
  const note = throttle<Health>(
    intervalMs,
    ({ state, lastError: reason }, changes) =>
      log[state === 'unreachable' ? 'warn' : 'info']({ ...server, state, reason, changes }, 'server'),
    { ended },
  );
  return { note };
}
