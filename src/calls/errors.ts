/** The arguments cannot be written as a request. The message names the argument and is for the caller. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/**
 * A call failed, or its answer could not be read. The message names the host, is for the caller, and never contains a
 * credential; `cause` is for the log.
 */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  /** The credentials of the account were refused, and need attention. */
  readonly credentialsRefused: boolean;
  /** Nothing was sent, because there was no connection to send it over. */
  readonly isUnsent: boolean;

  constructor(message: string, { cause, credentialsRefused = false, isUnsent = false }: FailureFacts = {}) {
    super(message, { cause });
    this.credentialsRefused = credentialsRefused;
    this.isUnsent = isUnsent;
  }
}

type FailureFacts = {
  readonly cause?: unknown;
  readonly credentialsRefused?: boolean;
  readonly isUnsent?: boolean;
};
