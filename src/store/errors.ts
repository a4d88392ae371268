/**
 * The database cannot do its work now: it is down, its disk is full, or this process has lost its lock.
 * Nothing that was asked for is known to be stored; asking again later may succeed.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
  /** Whole seconds to wait before asking again, for `Retry-After`. */
  readonly retryAfterSeconds: number = 5;
}

/** An organization has as many writes waiting as it may. Nothing was stored, and nothing is wrong with the database. */
export class StoreBusy extends StoreUnavailable {
  override readonly name = 'StoreBusy';
  override readonly retryAfterSeconds = 1;
}

/** A row that was found is gone: it was deleted between two reads. */
export class DeletedMeanwhile extends Error {
  override readonly name = 'DeletedMeanwhile';
}

/** A data folder that cannot be used, with what the operator can do about it; any other error as it is. */
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

/** The store must not be opened as things are. The message says why and what the operator can do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
