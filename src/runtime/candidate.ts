import type { Connectable } from './connectable.ts';
import type { ServerFacts } from './protocol.ts';
import type { ServerEntry } from './server-entry.ts';
import { ServerFailed } from './server-failed.ts';

/** A new connection to a server, opened beside the one in use. Call exactly one of `use` and `discard`. */
export type Candidate = {
  readonly server: Connectable;
  /** The reason why it cannot be used as it is; null if it can. */
  readonly failure: ServerFailed | null;
  /** Returns the standard error of a local process; null for other servers. */
  readonly stderr: () => string | null;
  /** Replaces the connection in use. The earlier connection finishes its pending calls. */
  readonly use: () => void;
  /** Discards the new connection. Its process ends in the background. */
  readonly discard: () => void;
};

/** The result of work with a server, or the reason why there is none. */
export type Attempt<T> = { readonly failure: ServerFailed } | { readonly failure: null; readonly result: T };

/** The description that a server gave of itself, and the names of its tools. */
export type Probed = { readonly facts: ServerFacts; readonly names: readonly string[] };

/** Waits for work with a server, at most for this number of milliseconds. Throws any error that is no failure of the server. */
export async function attempt<T>(entry: ServerEntry, work: Promise<T>, within: number): Promise<Attempt<T>> {
  const { name } = entry.server;
  const { promise: late, resolve } = Promise.withResolvers<Attempt<T>>();
  const timer = setTimeout(() => {
    const failure = entry.knownFault() ?? new ServerFailed(name, 'late', `was not ready within ${within / 1000} s.`);
    resolve({ failure });
  }, within);
  try {
    return await Promise.race([work.then((result) => ({ failure: null, result })), late]);
  } catch (error) {
    if (error instanceof ServerFailed) {
      return { failure: error };
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
