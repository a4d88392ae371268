import { setTimeout as delay } from 'node:timers/promises';
import type { Entry } from './entry.ts';
import type { ServerFailed } from './failed.ts';

/** Whether a server can be used, as far as is known. */
export type State = 'connecting' | 'connected' | 'unreachable';

/** How one of the operator's servers fares. */
export type Health = {
  readonly state: State;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why it is not connected, or was not the last time; null when nothing has failed since it was connected. */
  readonly lastError: string | null;
};

/** Milliseconds between two attempts to connect: the first, and the most; each is shortened at random by up to half. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = { stdio: 30_000, remote: 4000 };
/** Milliseconds for which a server must have been connected to begin anew with short waits. */
const STEADY = 10_000;
/** Milliseconds between two looks at a server to which no connection stays open. */
const LOOK = 30_000;

/**
 * Keeps a server connected until its entry ends: connects again after it was lost, at growing intervals, for ever.
 * `isUp`: it is connected already. Returns how to ask for its health.
 */
export function supervise(
  entry: Entry,
  isUp: boolean,
  { now, onChange }: { readonly now: () => number; readonly onChange: (health: Health) => void },
): () => Health {
  const { transport } = entry.server.target;
  const longest = LONGEST_WAIT[transport === 'stdio' ? 'stdio' : 'remote'];
  let health: Health = { state: isUp ? 'connected' : 'connecting', since: now(), lastError: null };

  const become = (state: State, lastError: string | null): void => {
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
      ? Promise.race([entry.lost(), delay(LOOK, null, { ref: false, signal: entry.ended }).catch(() => null)])
      : entry.lost();

  const run = async (): Promise<void> => {
    let wait = FIRST_WAIT;
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
        wait = now() - at >= STEADY ? FIRST_WAIT : wait;
      } catch (error) {
        failure = error as Error;
      }
      isConnected = false;
      if (failure !== null && !entry.ended.aborted) {
        become('unreachable', failure.message);
        const pause = wait * (1 - Math.random() / 2);
        await delay(pause, undefined, { ref: false, signal: entry.ended }).catch(() => undefined);
        wait = Math.min(2 * wait, longest);
      }
    }
  };
  void run();
  return () => health;
}
