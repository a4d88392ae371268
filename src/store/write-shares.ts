import { StoreBusy } from './errors.ts';

/** Writes of one organization that wait at most. */
export const MAX_WAITING_WRITES = 256;

/** For an organization that has as many writes waiting as it may. */
export const tooManyWaiting = (): StoreBusy =>
  new StoreBusy(`The organization has ${MAX_WAITING_WRITES} changes waiting, as many as it may have.`);
