import type { Logger } from 'pino';
import { throttle } from '../base/throttle.ts';
import type { Health } from './supervise.ts';

/** Logs the health of a server. */
export type HealthLog = {
  /** Logs a change at once. Of the changes within the following interval, logs only the last, with their count. */
  readonly note: (health: Health) => void;
};

/** The log, the server, and the interval between its lines. */
export type HealthLogOptions = {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** The name of the server in the lines. */
  readonly server: { readonly server: string; readonly name: string };
  /** The minimum time between two lines, in milliseconds. */
  readonly intervalMs: number;
  /** Aborted at the end of the use of the server: nothing is logged afterwards. */
  readonly ended: AbortSignal;
};

/** Creates the log of one server, which may be lost and found many times a minute. */
export function createHealthLog({ log, server, intervalMs, ended }: HealthLogOptions): HealthLog {
  const note = throttle<Health>(
    intervalMs,
    ({ state, lastError: reason }, changes) =>
      log[state === 'unreachable' ? 'warn' : 'info']({ ...server, state, reason, changes }, 'server'),
    { ended },
  );
  return { note };
}
