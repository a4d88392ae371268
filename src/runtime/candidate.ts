import type { Connectable } from './connectable.ts';
import type { ServerEntry } from './server-entry.ts';
import { ServerFailed } from './server-failed.ts';

/** A server that was brought up beside the one that serves. Exactly one of `use` and `discard` must be called. */
export type Candidate = {
  readonly server: Connectable;
  /** Why it cannot be used as it is; null when it can. */
  readonly failure: ServerFailed | null;
  /** What it has said on its standard error; null where there is none. */
  readonly stderr: () => string | null;
  /** Makes it what serves. What did so far finishes the calls that are under way. */
  readonly use: () => void;
  /** Gives it up; what it has started ends without anybody waiting for it. */
  readonly discard: () => void;
};

/** The names of the tools that a server lists, or why it does not. */
export type Probed = { readonly failure: ServerFailed | null; readonly names: readonly string[] };

/** Why what is asked of a server did not succeed within so many milliseconds; null when it did. */
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
