import { StoreBusy } from './errors.ts';

/** The maximum number of waiting writes of one organization. */
export const MAX_WAITING_WRITES = 256;

/** Makes the error for an organization with the maximum number of waiting writes. */
export const tooManyWaiting = (): StoreBusy =>
  new StoreBusy(`The organization has ${MAX_WAITING_WRITES} changes waiting, as many as it may have.`);
