/** The exit statuses of the program. `unreachable` is for a server that `gatehouse contract` cannot reach. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** The input and output of a command. */
export type Context = {
  /** The arguments after the name of the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For the result. */
  readonly stdout: (text: string) => void;
  /** For progress and errors. */
  readonly stderr: (text: string) => void;
  /** Whether standard output shows colours. */
  readonly hasColors: boolean;
  /** After this call, SIGINT and SIGTERM abort the signal and no longer end the process. */
  readonly interruption: () => AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** A command of `gatehouse`. It loads its modules when it runs. */
export type Command = {
  /** The name and the required arguments, for the list of all commands. */
  readonly synopsis: string;
  /** One line about the purpose of the command. */
  readonly summary: string;
  /** The text of `--help`, with an example. */
  readonly usage: () => Promise<string>;
  /**
   * Resolves with the exit status. Throws `UsageError` and `ConfigError` for wrong arguments or configuration,
   * `StoreRefused` and `StoreUnavailable` if the database cannot be used.
   */
  readonly run: (context: Context) => Promise<number>;
};

/** Returns one line for a terminal, without control characters: text of a file or server must not move the cursor. */
export const line = (text: string): string => `${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`;
