import type { MemoryScope } from '../base/memory-scope.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Egress } from '../egress/egress.ts';
import type { HttpAnswer } from '../egress/send-http.ts';
import type { ServerMessage } from './messages.ts';
import type { Era, ServerFacts } from './protocol.ts';
import type { JsonAnswer } from './request-ids.ts';
import type { ServerRequest } from './send-to-server.ts';
import type { ServerFailed } from './server-failed.ts';
import type { StreamedAnswer } from './streamed-answer.ts';
import type { Target } from './target.ts';

/** A request in the words of whoever makes it: `id` and a progress token are mapped on the way and back. */
export type ConnectionRequest = {
  readonly id: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The same request as JSON, with that id in it, where there is such a text already. */
  readonly text?: string | undefined;
  /** Further headers, where it is a stateless one over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Asked right before it is sent, and sent again: it may have waited for a connection, a session or memory. */
  readonly mayBeSent?: MayBeSent | undefined;
};

/** A session of the handshake versions; `id` is undefined when the server keeps none. */
export type ServerSession = ServerFacts & {
  readonly id: string | undefined;
  /** What names the session and its version in every request over HTTP. */
  readonly headers: Readonly<Record<string, string>>;
};

/** A server, connected to. It connects when it is first asked something. Every method that asks throws ServerFailed. */
export type Connection = {
  readonly target: Target;
  /** What the server says of itself in the stateless protocol, asked once; null when it does not speak it. */
  readonly discover: () => Promise<ServerFacts | null>;
  /** The gateway's own session, shared by all who have none; null when the server knows no handshake. */
  readonly session: () => Promise<ServerSession | null>;
  /** What the server says of itself in the era in which the gateway itself asks, and that era. */
  readonly introduce: () => Promise<{ readonly era: Era; readonly facts: ServerFacts }>;
  /**
   * One exchange as the caller words it; null where there is no Streamable HTTP, and so no session of a client's own.
   * A 401 and a 403 are failures: they are about the server's own credentials. Throws the reason of the signal.
   */
  readonly exchange: ((request: ServerRequest) => Promise<HttpAnswer>) | null;
  /**
   * A request with the gateway's own ids, in an era that the server speaks; the messages that answer it, in the
   * caller's ids, end with the response. A session that the server has forgotten is renewed, once: such a request was
   * not carried out. When the caller leaves early, the server is told to cancel. Throws the reason of the signal, and
   * NotSent.
   */
  readonly send: (request: ConnectionRequest, era: Era, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /**
   * As `send`, but a response that comes as JSON is that very JSON, with the caller's id in it: it is not parsed. A large one
   * is handed on as it comes.
   */
  readonly ask: (
    request: ConnectionRequest,
    era: Era,
    signal: AbortSignal,
  ) => Promise<JsonAnswer | StreamedAnswer | AsyncGenerator<ServerMessage>>;
  /**
   * Calls `onChanged` whenever the server says that its tools have changed, and when it could not be heard for a while.
   * Ends with the signal, or when the server offers no such thing.
   */
  readonly listen: (onChanged: () => void, signal: AbortSignal) => Promise<void>;
  /** Whether it is open as far as is known; null where nothing stays open between two requests. */
  readonly isOpen: () => boolean | null;
  /** What is known to be wrong with a server that has not introduced itself yet; null when nothing is. */
  readonly knownFault: () => ServerFailed | null;
  /** What a local process has last written to its standard error; null where there is none. */
  readonly stderr: () => string | null;
  /** Somebody needs it until `release`: it is not closed before, unless at once. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Closes it as soon as nobody holds it. */
  readonly retire: () => Promise<void>;
  /** Closes it at once: ends the gateway's own session, and whatever carries it. It does not connect again. */
  readonly close: () => Promise<void>;
};

export type ConnectionOptions = {
  readonly egress: Pick<Egress, 'dispatcher' | 'connector' | 'owner'>;
  /** Begins to hold memory for whoever the connection belongs to. Throws OverBudget. */
  readonly memory: () => MemoryScope;
  /** Called when the server is found to be away: a pipe has ended, nothing answers at its address. */
  readonly onLost: (failure: ServerFailed) => void;
};

/** A connection, but for who needs it. */
export type BareConnection = Omit<Connection, 'hold' | 'release' | 'retire'>;
