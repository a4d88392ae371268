import { ApiError } from '../base/errors.ts';

/** Things that an organization can have a number of at a time, counted in this process. */
export type Places = {
  /** Takes a place of an organization until it is disposed of. Throws `rate_limited`. */
  readonly take: (organizationId: string) => Disposable;
};

/** Seconds after which a client may find a free place. */
const RETRY_AFTER_SECONDS = 5;

/** Creates the places for `most` things of each organization; `things` names them in the refusal. */
export function createPlaces(most: number, things: string): Places {
  const taken = new Map<string, number>();
  return {
    take: (organizationId) => {
      const count = taken.get(organizationId) ?? 0;
      if (count >= most) {
        throw new ApiError(
          'rate_limited',
          `This organization has ${most} ${things}, which is as many as it may have at a time. Try again when one of them has ended.`,
          { retryAfterSeconds: RETRY_AFTER_SECONDS },
        );
      }
      taken.set(organizationId, count + 1);
      return {
        [Symbol.dispose]: () => {
          const left = (taken.get(organizationId) ?? 1) - 1;
          left === 0 ? taken.delete(organizationId) : taken.set(organizationId, left);
        },
      };
    },
  };
}
