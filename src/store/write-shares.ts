import { StoreBusy } from './errors.ts';

/** Writes of one organization that wait at most. */
export const MOST_WAITING = 256;

/** For an organization that has as many writes waiting as it may. */
export const tooManyWaiting = (): StoreBusy =>
  new StoreBusy(`The organization has ${MOST_WAITING} changes waiting, as many as it may have.`);
