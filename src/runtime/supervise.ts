import { setTimeout as delay } from 'node:timers/promises';
import { createBackoff } from '../base/backoff.ts';
import type { ServerEntry } from './server-entry.ts';
import type { ServerFailed } from './server-failed.ts';

/** Whether a server can be used, as far as is known. */
export type HealthState = 'connecting' | 'connected' | 'unreachable';

/** How one of the operator's servers fares. */
export type Health = {
  readonly state: HealthState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why it is not connected, or was not the last time; null when nothing has failed since it was connected. */
  readonly lastError: string | null;
};

/** Between two attempts to connect. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = { stdio: 30_000, remote: 4000 };
/** How long a server must have been connected to begin anew with short waits. */
const STEADY_MS = 10_000;
/** Between two checks of a server to which no connection stays open. */
const CHECK_INTERVAL_MS = 30_000;

/**
 * Keeps a server connected until its entry ends: connects again after it was lost, at growing intervals, for ever.
 * `isUp`: it is connected already. Returns how to ask for its health.
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

  /** Resolves when the server is lost, with the reason, or when it is time to look after it: with null. */
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
