import type { OverBudget } from '../base/memory-budget.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { ServerFailed } from './server-failed.ts';

/** A way to a server that carries single messages both ways: a local process, HTTP with SSE, a WebSocket. */
export type Pipe = {
  /** Sends one JSON-RPC message. Rejects with NotSent, or ServerFailed; `unreachable` when nothing of it was sent. */
  readonly send: (message: string, mayBeSent?: MayBeSent) => Promise<void>;
  /** To be called when the server has introduced itself: how it ends says something else from then on. */
  readonly introduced?: () => void;
  /** Ends it, whatever is under way; resolves when nothing of it is left. `ended` is not called any more. */
  readonly close: () => Promise<void>;
};

/** Whoever reads what comes through a pipe. */
export type PipeReader = {
  /**
   * One message, as text. It may be anything: what is no JSON-RPC message is the reader's to judge. While a promise that
   * it returns is pending, the text is in use: the pipe holds its memory, and reads nothing more.
   */
  readonly message: (text: string) => Promise<void> | undefined;
  /** Called once, when the pipe has ended by itself, or its memory was needed by somebody else. */
  readonly ended: (failure: PipeFailure) => void;
};

/** Why a pipe has ended by itself. */
export type PipeFailure = ServerFailed | OverBudget;
