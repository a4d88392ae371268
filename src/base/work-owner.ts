import { AsyncLocalStorage } from 'node:async_hooks';

const owners = new AsyncLocalStorage<string>();

/**
 * Runs work for an owner. Everything that the work calls or waits for can read the owner with `ownerOfWork`. Use it where a
 * caller becomes known.
 */
export const workFor = <T>(owner: string, work: () => T): T => owners.run(owner, work);

/** Returns the owner of the work that runs now; empty for the process itself, and before a caller is known. */
export const ownerOfWork = (): string => owners.getStore() ?? '';
