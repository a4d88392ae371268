import type { Logger } from 'pino';

/** The handling of an uncaught error. */
export type ExitOnFaultOptions = {
  readonly log: Pick<Logger, 'fatal'>;
  /** Masks the secrets in a text. */
  readonly mask: (text: string) => string;
  /** Stops the program in order: stores pending data and ends the work in progress. */
  readonly stop: () => Promise<void>;
  /** The maximum time for stopping, in milliseconds. */
  readonly stopMs: number;
};

/** The exit status of a program that ends because of a fault of its own. */
const FAULT_STATUS = 1;
/** Faults that are logged: one may cause the next, without end. */
const MAX_LOGGED_FAULTS = 10;
const MAX_MESSAGE_CHARS = 1000;
const MAX_CAUSES = 3;

/**
 * Logs an uncaught exception or an unhandled rejection as `fatal` with its `err`, then stops the program in order and
 * exits with status 1, after at most `stopMs`: the state in memory may be inconsistent, and the supervisor starts a new
 * process. Further faults during the stop are only logged.
 */
export function exitOnFault({ log, mask, stop, stopMs }: ExitOnFaultOptions): void {
  let faults = 0;
  const note = (error: unknown, message: string): void => {
    faults += 1;
    if (faults <= MAX_LOGGED_FAULTS) {
      log.fatal({ err: described(error, mask) }, message);
    }
  };
  process.on('uncaughtException', (error, origin) => {
    const isFirst = faults === 0;
    const exit = (): never => process.exit(FAULT_STATUS);
    try {
      note(error, isFirst ? `${origin}: the program stops` : `${origin} while the program stops`);
    } catch {
      // A log that cannot be written keeps nothing from stopping.
    }
    if (isFirst) {
      setTimeout(exit, stopMs);
      stop()
        .catch((failure: unknown) => note(failure, 'the program could not stop in order'))
        .finally(exit);
    }
  });
}

type Described = {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: Described;
};

/** An error without the further members that errors may have, such as the input that could not be parsed. */
function described(error: unknown, mask: (text: string) => string, left = MAX_CAUSES): Described {
  const {
    name,
    message,
    stack = '',
    cause,
    code,
  } = (error instanceof Error ? error : { name: typeof error, message: String(error) }) as NodeJS.ErrnoException;
  const frames = stack.match(/^ {4}at .*$/gm) ?? [];
  // Without a constructor, by whose name pino would call it.
  return Object.assign(Object.create(null), {
    name,
    ...(typeof code === 'string' && { code }),
    message: shown(message, mask),
    stack: frames.join('\n'),
    ...(cause !== undefined && left > 0 && { cause: described(cause, mask, left - 1) }),
  });
}

/** Parsers of JSON quote the text around a mistake. */
const shown = (message: string, mask: (text: string) => string): string =>
  mask(message.replace(/, (?:\.\.\.)?".*$/s, '')).slice(0, MAX_MESSAGE_CHARS);
