import { setTimeout as delay } from 'node:timers/promises';
import { createBackoff } from '../base/backoff.ts';
import type { ServerEntry } from './server-entry.ts';
import type { ServerFailed } from './server-failed.ts';

/** Whether a server can be used, as far as known. */
export type HealthState = 'connecting' | 'connected' | 'unreachable';

/** The health of a server of the operator. */
export type Health = {
  readonly state: HealthState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** The last failure since the server was connected; null for none. */
  readonly lastError: string | null;
};

/** The shortest and the longest wait between two attempts to connect. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = { stdio: 30_000, remote: 4000 };
/** The duration of a connection after which the waits start again from the shortest. */
const STEADY_MS = 10_000;
/** The interval of checks of a server without an open connection. */
const CHECK_INTERVAL_MS = 30_000;

/**
 * Keeps a server connected until the end of its entry: connects again after a loss, at growing intervals, for ever.
 * `isUp` means that it is connected already. Returns a function that gives its health.
 */
export function supervise(
  entry: ServerEntry,
  isUp: boolean,
  { now, onChange }: { readonly now: () => number; readonly onChange: (health: Health) => void },
): () => Health {
  const { transport } = entry.server.target;
  const backoff = createBackoff(FIRST_WAIT_MS, LONGEST_WAIT_MS[transport === 'stdio' ? 'stdio' : 'remote']);
  let health: Health = { state: isUp ? 'connected' : 'connecting', since: now(), lastError: null };

  const become = (state: HealthState, lastError: string | null): void => {
    if (entry.ended.aborted) {
      return;
    }
    const isNew = state !== health.state;
    health = { state, since: isNew ? now() : health.since, lastError };
    if (isNew) {
      onChange(health);
    }
  };

  /** Resolves with the failure when the server is lost, or with null when a check is due. */
  const lost = async (): Promise<ServerFailed | null> =>
    transport === 'streamable_http'
      ? Promise.race([
          entry.lost(),
          delay(CHECK_INTERVAL_MS, null, { ref: false, signal: entry.ended }).catch(() => null),
        ])
      : entry.lost();

  const run = async (): Promise<void> => {
    let isConnected = isUp;
    while (!entry.ended.aborted) {
      let failure: Error | null;
      try {
        if (!isConnected) {
          await entry.open();
        }
        become('connected', null);
        const at = now();
        failure = await lost();
        if (now() - at >= STEADY_MS) {
          backoff.reset();
        }
      } catch (error) {
        failure = error as Error;
      }
      isConnected = false;
      if (failure !== null && !entry.ended.aborted) {
        become('unreachable', failure.message);
        await delay(backoff.nextMs(), undefined, { ref: false, signal: entry.ended }).catch(() => undefined);
      }
    }
  };
  void run();
  return () => health;
}
