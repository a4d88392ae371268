import type { Limits } from '../base/limits.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import type { HttpAnswer } from '../egress/http-answer.ts';
import type { ServerMessage } from './messages.ts';
import type { Era, ServerFacts } from './protocol.ts';
import type { JsonAnswer } from './request-ids.ts';
import type { ServerRequest } from './send-to-server.ts';
import type { ServerFailed } from './server-failed.ts';
import type { StreamedAnswer } from './streamed-answer.ts';
import type { Target } from './target.ts';

/**
 * A request of a caller. The connection replaces `id` and the progress token, and restores them in the messages that
 * answer it.
 */
export type ConnectionRequest = {
  readonly id: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The same request as JSON, with the same id, if this JSON exists already. */
  readonly json?: Buffer | undefined;
  /** Additional headers for a stateless request over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called immediately before each attempt to send it: it may have waited for a connection, a session or memory. */
  readonly mayBeSent?: MayBeSent | undefined;
};

/** A session of a version with a handshake. `id` is undefined if the server assigns none. */
export type ServerSession = ServerFacts & {
  readonly id: string | undefined;
  /** The headers that every request in the session carries over HTTP. */
  readonly headers: Readonly<Record<string, string>>;
};

/** The headers of a request in a session. */
export type SessionHeaders = Readonly<Record<string, string>>;

/** A connection to a server. It connects at the first request. All methods that send a request throw ServerFailed. */
export type Connection = {
  readonly target: Target;
  /**
   * Returns the answer to `server/discover`, requested once; null if the server does not support the stateless
   * version.
   */
  readonly discover: () => Promise<ServerFacts | null>;
  /**
   * Returns the session of the gateway itself, which clients without a session share; null if the server supports no
   * handshake.
   */
  readonly session: () => Promise<ServerSession | null>;
  /** Returns the description of the server in the era in which the gateway sends its own requests, and that era. */
  readonly introduce: () => Promise<{ readonly era: Era; readonly facts: ServerFacts }>;
  /**
   * Sends one HTTP request unchanged; null without Streamable HTTP, where clients have no sessions of their own. A
   * 401 or 403 is a failure, because it concerns the credentials of the server. Throws the reason of the signal.
   */
  readonly sendHttp: ((request: ServerRequest) => Promise<HttpAnswer>) | null;
  /** Asks the server whether it has lost a session; a 4xx within the session can have this cause. Never rejects. */
  readonly isSessionLost: (session: SessionHeaders) => Promise<boolean>;
  /**
   * Asks a server of the stateless version, which has refused a request, whether it still supports that version: it may
   * have been replaced by an older one. Asks at most once in 5 s; true in doubt. Never rejects.
   */
  readonly isStillStateless: () => Promise<boolean>;
  /**
   * Sends a request under an id of the gateway, in an era that the server supports. Yields the messages that answer
   * it, with the ids of the caller; the response is the last. Begins a new session, once, if the server has forgotten
   * the session: it has not run such a request. If the caller leaves early, sends a cancellation. Throws the reason
   * of the signal, and NotSent.
   */
  readonly send: (request: ConnectionRequest, era: Era, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /**
   * Like `send`, but returns a response in JSON as bytes, with the id of the caller, without parsing it. A large
   * response is streamed.
   */
  readonly sendRaw: (
    request: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
  ) => Promise<JsonAnswer | StreamedAnswer | AsyncGenerator<ServerMessage>>;
  /**
   * Calls `onChanged` when the server reports changed tools, and after a time without a stream. Ends with the signal,
   * or if the server reports no changes.
   */
  readonly listen: (onChanged: () => void, signal: AbortSignal) => Promise<void>;
  /** Whether the connection is open, as far as known; null if nothing stays open between two requests. */
  readonly isOpen: () => boolean | null;
  /** Returns the known fault of a server that has not introduced itself yet; null if there is none. */
  readonly knownFault: () => ServerFailed | null;
  /** Returns the end of the standard error of a local process; null for other servers. */
  readonly stderr: () => string | null;
  /** Keeps the connection open until `release`, unless it is closed at once. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Closes the connection after its last holder has released it. */
  readonly retire: () => Promise<void>;
  /** Closes the connection at once, and ends the session of the gateway. It does not connect again. */
  readonly close: () => Promise<void>;
};

/** The outbound access, the memory and the observer of a connection. */
export type ConnectionOptions = {
  readonly egress: Pick<Egress, 'dispatcher' | 'connector' | 'owner'>;
  /** Begins to hold memory for the owner of the connection. Throws OverBudget. */
  readonly memory: () => MemoryScope;
  /** Called when the connection is lost: a pipe has ended, or the address does not answer. */
  readonly onLost: (failure: ServerFailed) => void;
  /**
   * Called with null when the server has introduced itself, or answers again; with the failure when it has not introduced
   * itself, cannot be reached, or refuses the credentials.
   */
  readonly onHealth: (failure: ServerFailed | null) => void;
  readonly limits: Pick<Limits, 'introductionTimeoutMs' | 'probeTimeoutMs' | 'sessionCheckTimeoutMs'>;
};

/** A connection without the count of its holders. */
export type BareConnection = Omit<Connection, 'hold' | 'release' | 'retire'>;
