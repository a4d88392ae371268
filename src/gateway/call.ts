import type { ServerResponse } from 'node:http';
import type { Earlier } from '../approvals/admission.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Identified } from '../http/context.ts';
import type { Connection } from '../runtime/connection.ts';
import type { ServerMessage } from '../runtime/messages.ts';
import type { Era } from '../runtime/protocol.ts';
import type { RequestInFlight } from './in-flight.ts';
import type { Message, RequestMessage } from './message.ts';
import type { Renewable } from './renewable.ts';
import type { Round } from './rounds.ts';
import type { Served, ServedServer, ServedService } from './served.ts';

/** A request of an MCP client to an endpoint that is there. The signal ends it: the client is gone, or the token no longer good. */
export type EndpointRequest = Served &
  Renewable & {
    /** Notes that what is answered is what the server tells unasked: a scope that changes ends it too. */
    readonly listen: () => void;
    /** Notes the id of the request, as `RequestInFlight` does, and cancels the request of this endpoint with an id. */
    readonly nameIt: RequestInFlight['nameIt'];
    readonly cancel: (id: string) => void;
    /** Holds the request, as `RequestInFlight` does. */
    readonly hold: RequestInFlight['hold'];
    /** Counts one more message for the rate limit. Rejects with `rate_limited`. */
    readonly count: () => Promise<void> | undefined;
    readonly request: Identified;
    readonly response: ServerResponse;
    readonly signal: AbortSignal;
  };

/** One message of a client: what it says, the endpoint that it is decided by, and where its answer goes. */
export type Call<Source = Served['source'], M = Message> = Omit<Served, 'source'> & {
  readonly source: Source;
  readonly message: M;
  readonly era: Era;
  readonly request: Identified;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** What asking a person has come to so far; kept when the message is decided again. */
  readonly asking: Asking;
  /** Set for the call of a tool that a meta-tool names; `onlyReads` refuses a tool that may change data. */
  readonly inner?: { readonly onlyReads: boolean };
  /** Asked right before the message is sent on: what it is decided by may have changed while it waited. */
  readonly mayBeSent: MayBeSent;
};

/**
 * What one message of a client has come to: the approval request that it waits for, or whose approval it has used. `round`
 * is the one in its `requestState`.
 */
export type Asking = { earlier: Earlier | null; round: Round | null };

/** One to an endpoint over an OpenAPI service. */
export type ServiceCall<M = RequestMessage> = Call<ServedService, M>;

/** The server's own session of a client, as headers of a request; empty when the client has none. */
export type SessionHeaders = Readonly<Record<string, string>>;

/** One to an endpoint over a server that is connected to. */
export type ServerCall<M = RequestMessage> = Call<ServedServer, M> & {
  readonly connection: Connection;
  readonly session: SessionHeaders;
  /** Of a call of a tool, the headers that repeat its arguments. */
  readonly paramHeaders?: Readonly<Record<string, string>>;
  /** Changes the response of a server of the stateless era before the client gets it. */
  readonly rewrite?: (response: ServerMessage) => Promise<ServerMessage>;
};

/** Whether a call's message wants an answer. */
export const isRequest = <C extends { readonly message: Message }>(
  call: C,
): call is C & { readonly message: RequestMessage } =>
  call.message.id !== undefined && call.message.method !== undefined;
