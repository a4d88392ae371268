import type { EncodingErrorHandler, SharedTransport } from '../contract/closed-words.ts';
import type { Secret } from './target-secrets.ts';

/** A server as it is connected to. Nothing in it has to be looked up any more. */
export type Target = HttpTarget | PipeTarget;

/** A server to which messages go over something that stays open. */
export type PipeTarget = RemotePipeTarget | ProcessTarget;

type Common = {
  /** For messages to people. */
  readonly name: string;
  /** Milliseconds without a word after which a request is given up. */
  readonly silence: number;
  /** What its owner has configured and others must not read in what the server says. */
  readonly secrets: readonly Secret[];
  /** Whether it is the operator's: who uses it does not own it. */
  readonly isShared: boolean;
};

/** A server that is reached over a network. */
export type RemoteTarget = HttpTarget | RemotePipeTarget;

/** One that answers each request over HTTP by itself. */
export type HttpTarget = Remote & { readonly transport: 'streamable_http' };

/** One to which messages go over a connection that stays open. */
export type RemotePipeTarget = Remote & {
  readonly transport: Exclude<SharedTransport, 'stdio' | 'streamable_http'>;
};

type Remote = Common & {
  /** Where it is: `https://host:port` (or wss), and the rest of its URL. */
  readonly origin: string;
  readonly path: string;
  /** What its owner has it sent with every request; no header that the gateway makes of a message. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which an SSE stream is taken for lost; 0 for never. */
  readonly streamSilence: number;
  /** Whether it is told when the gateway's own session ends. */
  readonly endsSession: boolean;
};

/** A server that is a process of this machine, spoken to over its standard input and output. */
export type ProcessTarget = Common & {
  readonly transport: 'stdio';
  /** Why this gateway does not start it; absent if it does. */
  readonly refusal?: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder it runs in; null for the gateway's own. */
  readonly cwd: string | null;
  /** The user that runs it, by number; null for the gateway's own. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** What it writes and reads, as a label of the WHATWG Encoding standard, and what becomes of bytes that are none. */
  readonly encoding: string;
  readonly undecodable: EncodingErrorHandler;
};
