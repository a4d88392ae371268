import type { Logger } from 'pino';
import { throttle } from '../base/throttle.ts';
import type { ServerFailed } from './server-failed.ts';

/** Logs failures of requests that servers cause. */
export type FailureLog = {
  /**
   * Logs a failure at once. Of the failures of the same server within the following interval, logs only the last,
   * with their count.
   */
  readonly note: (failure: ServerFailed, of: FailedRequest) => void;
};

/** A failed request: its organization and its server. */
export type FailedRequest = { readonly organizationId: string; readonly server: string; readonly requestId?: string };

/** The log, and the interval between its lines. */
export type FailureLogOptions = {
  readonly log: Pick<Logger, 'warn'>;
  /** The minimum time between two lines about one server, in milliseconds. */
  readonly intervalMs: number;
};

/** The maximum number of characters of a cause in a line. */
const MAX_SHOWN_CAUSE_CHARS = 512;

/**
 * Creates the log of one gateway. It is limited because clients of an organization can make requests fail at any
 * rate.
 */
export function createFailureLog({ log, intervalMs }: FailureLogOptions): FailureLog {
  type Line = FailedRequest & { readonly kind: string; readonly reason: string; readonly cause: string | undefined };
  const noting = new Map<string, (line: Line) => void>();

  return {
    note: (failure, of) => {
      const key = `${of.organizationId} ${of.server}`;
      const note =
        noting.get(key) ??
        throttle<Line>(intervalMs, (line, failures) => log.warn({ ...line, failures }, 'a server failed'), {
          onQuiet: () => noting.delete(key),
        });
      noting.set(key, note);
      note({ ...of, kind: failure.kind, reason: failure.message, cause: causeOf(failure) });
    },
  };
}

/**
 * Returns the messages of the causes of a failure. Their stacks would tell nothing: the fault is outside this
 * program.
 */
function causeOf({ cause }: Error): string | undefined {
  const causes: string[] = [];
  for (let error = cause; error instanceof Error && causes.length < 4; error = error.cause) {
    causes.push(error.message);
  }
  return causes.length === 0 ? undefined : causes.join(': ').slice(0, MAX_SHOWN_CAUSE_CHARS);
}
