import { ServerFailed } from './server-failed.ts';

/** Milliseconds that a server gets to introduce itself. */
export const INTRODUCTION_TIMEOUT_MS = 10_000;

/** Ends what a server is asked to introduce itself by. */
export const introductionTimeout = (): AbortSignal => AbortSignal.timeout(INTRODUCTION_TIMEOUT_MS);

/**
 * Asks a server once and keeps the answer, but no failure: ServerFailed when its patience is over. `known` is the answer
 * as far as it was asked for; `forget` lets it be asked for again, unless that was done already.
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
