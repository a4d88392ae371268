/** The exit statuses of the program. `unreachable` is for a server that `gatehouse contract` cannot reach. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** What a command gets. */
export type Context = {
  /** What follows the name of the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For the result. */
  readonly stdout: (text: string) => void;
  /** For progress, and for what is wrong. */
  readonly stderr: (text: string) => void;
  /** From the call on, SIGINT and SIGTERM no longer end the process but abort the signal. */
  readonly interruption: () => AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** A command of `gatehouse`. What it needs is loaded when it runs. */
export type Command = {
  /** Its name with what must follow it, for the list of all commands. */
  readonly synopsis: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What `--help` prints, with an example. */
  readonly usage: () => Promise<string>;
  /**
   * Resolves with the exit status. Throws `UsageError` and `ConfigError` for what cannot be run as it was asked for,
   * `StoreRefused` and `StoreUnavailable` for what cannot be done.
   */
  readonly run: (context: Context) => Promise<number>;
};

/** One line for a terminal: what a file or a server says must not move its cursor. */
export const line = (text: string): string => `${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`;
