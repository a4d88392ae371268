import { ServerFailed } from './server-failed.ts';

/**
 * Makes a function that asks a server once and keeps the answer, but not a failure. A time-out becomes a
 * ServerFailed, whose message names `timeoutMs`. `onHealth` gets each failure, and null for each answer that is not null. `known` returns the answer if it was requested; `forget` drops that answer, so that the next call
 * asks again.
 */
export function memoizeUntilFailure<T>(
  server: string,
  ask: () => Promise<T>,
  timeoutMs: number,
  onHealth: (failure: ServerFailed | null) => void = () => undefined,
) {
  let kept: Promise<T> | undefined;
  let value: T | undefined;
  const get = (): Promise<T> => {
    if (kept === undefined) {
      const asked = ask().catch((error: unknown) => {
        throw (error as Error).name === 'TimeoutError'
          ? new ServerFailed(server, 'late', `did not introduce itself within ${timeoutMs / 1000} s.`, error)
          : error;
      });
      kept = asked;
      asked.then(
        (answer) => {
          value = answer;
          if (answer !== null) {
            onHealth(null);
          }
        },
        (error: unknown) => {
          kept = kept === asked ? undefined : kept;
          if (error instanceof ServerFailed) {
            onHealth(error);
          }
        },
      );
    }
    return kept;
  };
  return Object.assign(get, {
    known: (): Promise<T> | undefined => kept,
    forget: (stale: T): void => {
      if (value === stale) {
        kept = undefined;
        value = undefined;
      }
    },
  });
}
