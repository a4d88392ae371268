import { ServerFailed } from './server-failed.ts';

/** The maximum time for the introduction of a server, in milliseconds. */
export const INTRODUCTION_TIMEOUT_MS = 10_000;

/** Creates a signal that ends an introduction after its maximum time. */
export const introductionTimeout = (): AbortSignal => AbortSignal.timeout(INTRODUCTION_TIMEOUT_MS);

/**
 * Makes a function that asks a server once and keeps the answer, but not a failure. A time-out becomes a
 * ServerFailed. `known` returns the answer if it was requested; `forget` drops that answer, so that the next call
 * asks again.
 */
export function memoizeUntilFailure<T>(server: string, ask: () => Promise<T>) {
  let kept: Promise<T> | undefined;
  let value: T | undefined;
  const get = (): Promise<T> => {
    if (kept === undefined) {
      const asked = ask().catch((error: unknown) => {
        throw (error as Error).name === 'TimeoutError'
          ? new ServerFailed(
              server,
              'late',
              `did not introduce itself within ${INTRODUCTION_TIMEOUT_MS / 1000} s.`,
              error,
            )
          : error;
      });
      kept = asked;
      asked.then(
        (answer) => {
          value = answer;
        },
        () => {
          kept = kept === asked ? undefined : kept;
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
