/**
 * The database cannot do its work now: it is down, its disk is full, or this process has lost its lock.
 * Nothing that was asked for is known to be stored; asking again later may succeed.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** Whole seconds to wait before asking again, for `Retry-After`. */
  readonly retryAfterSeconds = 5;
}

/** The store must not be opened as things are. The message says why and what the operator can do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
