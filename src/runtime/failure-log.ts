import type { Logger } from 'pino';
import { throttle } from '../base/throttle.ts';
import type { ServerFailed } from './server-failed.ts';

/** Writes into the log that requests fail because of servers. */
export type FailureLog = {
  /** Logs a failure at once, and of those of the server within an interval after a line only the last, with their count. */
  readonly note: (failure: ServerFailed, of: FailedRequest) => void;
};

/** Whose request has failed, and which server. */
export type FailedRequest = { readonly organizationId: string; readonly server: string; readonly requestId?: string };

export type FailureLogOptions = {
  readonly log: Pick<Logger, 'warn'>;
  /** Milliseconds from one line about a server to the next. */
  readonly intervalMs: number;
};

/** Characters of what lies behind a failure that a line shows. */
const MAX_SHOWN_CAUSE_CHARS = 512;

/** Makes the log of one gateway. The clients of an organization may let requests fail as often as they like. */
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

/** What lies behind a failure. It is somebody else's: where in this program it came to light tells nothing. */
function causeOf({ cause }: Error): string | undefined {
  const causes: string[] = [];
  for (let error = cause; error instanceof Error && causes.length < 4; error = error.cause) {
    causes.push(error.message);
  }
  return causes.length === 0 ? undefined : causes.join(': ').slice(0, MAX_SHOWN_CAUSE_CHARS);
}
