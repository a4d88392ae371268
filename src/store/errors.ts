/**
 * The database is unavailable now: it is down, its disk is full, or this process has lost its lock. The request is not
 * known to be stored; a later attempt may succeed.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
  /** Whole seconds to wait before the next attempt, for `Retry-After`. */
  readonly retryAfterSeconds: number = 5;
}

/** An organization has the maximum number of waiting writes. Nothing was stored, and the database works. */
export class StoreBusy extends StoreUnavailable {
  override readonly name = 'StoreBusy';
  override readonly retryAfterSeconds = 1;
}

/** A row was deleted between two reads. */
export class DeletedMeanwhile extends Error {
  override readonly name = 'DeletedMeanwhile';
}

/**
 * Turns the error of an unusable data folder into a StoreRefused with a remedy for the operator; returns any other
 * error unchanged.
 */
export function explainFolderError(error: unknown, directory: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined
    ? error
    : new StoreRefused(
        `${directory} cannot be used as the data folder (${code}). Make it writable for this user, or give another ` +
          'folder with GATEHOUSE_DATA.',
        { cause: error },
      );
}

/** The store cannot be opened. The message gives the reason and a remedy for the operator. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
