import type { Connectable } from './connectable.ts';
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

/** The names of the tools that a server lists, or the reason why it lists none. */
export type Probed = { readonly failure: ServerFailed | null; readonly names: readonly string[] };

/**
 * Waits for work with a server, at most for this number of milliseconds. Returns the failure, or null for a success;
 * throws any other error.
 */
export async function waitForFailure(
  entry: ServerEntry,
  work: Promise<void>,
  within: number,
): Promise<ServerFailed | null> {
  const { name } = entry.server;
  const { promise: late, resolve } = Promise.withResolvers<ServerFailed>();
  const timer = setTimeout(() => {
    resolve(entry.knownFault() ?? new ServerFailed(name, 'late', `was not ready within ${within / 1000} s.`));
  }, within);
  try {
    return await Promise.race([work.then(() => null), late]);
  } catch (error) {
    if (error instanceof ServerFailed) {
      return error;
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
