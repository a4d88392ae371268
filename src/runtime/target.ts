import type { EncodingErrorHandler, SharedTransport } from '../contract/closed-words.ts';
import type { Secret } from './target-secrets.ts';

/** Everything that a connection to a server needs. */
export type Target = HttpTarget | PipeTarget;

/** A server with a connection that stays open. */
export type PipeTarget = RemotePipeTarget | ProcessTarget;

type Common = {
  /** For messages to people. */
  readonly name: string;
  /**
   * Milliseconds after which a request fails without a byte of its answer; over a pipe, without a message that belongs to
   * it or to no request.
   */
  readonly idleTimeoutMs: number;
  /** The configured values that other people must not read in the answers of the server. */
  readonly secrets: readonly Secret[];
  /** Whether it belongs to the operator, so that its users are not its owner. */
  readonly isShared: boolean;
};

/** A server in a network. */
export type RemoteTarget = HttpTarget | RemotePipeTarget;

/** A server that answers each HTTP request separately. */
export type HttpTarget = Remote & { readonly transport: 'streamable_http' };

/** A server in a network with a connection that stays open. */
export type RemotePipeTarget = Remote & {
  readonly transport: Exclude<SharedTransport, 'stdio' | 'streamable_http'>;
};

type Remote = Common & {
  /** The origin `https://host:port` (or wss), and the rest of its URL. */
  readonly origin: string;
  readonly path: string;
  /**
   * The configured headers of every request, names in lower case, without headers that the gateway makes of a
   * message.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which an SSE stream counts as lost; 0 for never. */
  readonly streamIdleTimeoutMs: number;
  /** Whether the gateway reports the end of its own session to the server. */
  readonly endsSession: boolean;
};

/** A local process; messages go over its standard input and output. */
export type ProcessTarget = Common & {
  readonly transport: 'stdio';
  /** Why this gateway does not start it; absent if it does. */
  readonly refusal?: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The working folder; null for that of the gateway. */
  readonly cwd: string | null;
  /** The user and group of the process, as numbers; null for those of the gateway. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /**
   * The encoding of its input and output, as a label of the WHATWG Encoding standard, and the treatment of invalid
   * bytes.
   */
  readonly encoding: string;
  readonly undecodable: EncodingErrorHandler;
};
