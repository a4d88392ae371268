/** Arguments of which no request can be made. The message names the argument and is meant for whoever called. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/**
 * A call that could not be made, or whose answer could not be had. The message names the host and is meant for whoever
 * called, never with a credential; `cause` is for the log.
 */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  /** The credentials of the account were refused: somebody must look after them. */
  readonly credentialsRefused: boolean;

  constructor(message: string, { cause, credentialsRefused = false }: FailureFacts = {}) {
    super(message, { cause });
    this.credentialsRefused = credentialsRefused;
  }
}

type FailureFacts = { readonly cause?: unknown; readonly credentialsRefused?: boolean };
