import type { OverBudget } from '../base/memory-budget.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { ServerFailed } from './server-failed.ts';

/** A channel to a server for single messages in both directions: a local process, HTTP with SSE, or a WebSocket. */
export type Pipe = {
  /**
   * Sends one JSON-RPC message. `until` ends what a request still holds, such as the answer to a POST. Rejects with
   * NotSent, with ServerFailed (`unreachable` if no byte was sent), or with the reason of `until`.
   */
  readonly send: (message: string, mayBeSent?: MayBeSent, until?: AbortSignal) => Promise<void>;
  /** Call it after the introduction of the server: from then on, the end of the pipe has another meaning. */
  readonly introduced?: () => void;
  /** Ends the pipe with all pending work, and resolves when nothing of it is left. `ended` is not called afterwards. */
  readonly close: () => Promise<void>;
};

/** The reader of a pipe. */
export type PipeReader = {
  /**
   * Called with each received text. The reader decides whether it is a JSON-RPC message. While the returned promise
   * is pending, the pipe holds the memory of the text, and reads nothing more.
   */
  readonly message: (text: string) => Promise<void> | undefined;
  /** Called when the server has written something beside its messages. */
  readonly alive: () => void;
  /** Called once when the pipe has ended by itself, or another holder needed its memory. */
  readonly ended: (failure: PipeFailure) => void;
};

/** The reason why a pipe has ended by itself. */
export type PipeFailure = ServerFailed | OverBudget;
