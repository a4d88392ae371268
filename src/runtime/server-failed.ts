/**
 * The kind of a failure of a server. `unreachable`: nothing was sent. `broken`: it may have run the request.
 * `unavailable`: it reports that it cannot answer now. `unusable`: its configuration cannot work, such as a missing
 * command or an untrusted certificate.
 */
export type FailureKind = 'unreachable' | 'unavailable' | 'refused' | 'broken' | 'late' | 'protocol' | 'unusable';

/** Failures that may disappear without a change of the configuration. */
const PASSING: readonly FailureKind[] = ['unreachable', 'unavailable', 'broken', 'late'];

/** How a server asks for fewer requests, and the JSON-RPC error with which it does. */
type RetryLater = {
  readonly isRateLimited?: boolean;
  readonly retryAfterSeconds?: number | undefined;
  readonly refusal?: string | undefined;
};

/**
 * A server could not be reached, or its answer is not valid. The message names the server and is for clients: it
 * contains no credentials, no address, and no text of the server. `cause` is for the log.
 */
export class ServerFailed extends Error {
  override readonly name = 'ServerFailed';
  readonly kind: FailureKind;
  /** Whether the server limits the rate of requests, and the seconds after which it wants the next one, if it says. */
  readonly isRateLimited: boolean;
  readonly retryAfterSeconds: number | undefined;
  // Hidden from logs: it is text of the server.
  readonly #refusal: string | undefined;

  constructor(server: string, kind: FailureKind, what: string, cause?: unknown, later: RetryLater = {}) {
    super(`The MCP server '${server}' ${what}`, { cause });
    this.kind = kind;
    this.isRateLimited = later.isRateLimited ?? false;
    this.retryAfterSeconds = later.retryAfterSeconds;
    this.#refusal = later.refusal;
  }

  /** The JSON-RPC error of the server, as it was sent, with its secrets; undefined if there is none. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Whether the failure may disappear without a change of the configuration. */
  get mayPass(): boolean {
    return PASSING.includes(this.kind);
  }
}

/** The failure for an answer with HTTP 401 or 403: it concerns the headers that the gateway sends. */
export const credentialsRefused = (server: string, status: number): ServerFailed =>
  new ServerFailed(
    server,
    'refused',
    `refused the credentials that it is sent (HTTP ${status}). Whoever owns it must look after its headers.`,
  );

/** Whether an HTTP status means that a server cannot answer now. */
export const isUnavailableStatus = (status: number): boolean => status >= 500 || status === 429;
/** Whether an HTTP status asks for the same request later. A message in the answer says no more than that. */
export const isBusyStatus = (status: number): boolean => status === 429 || status === 503;

/** The failure for a connection that the gateway has closed. */
export const disconnected = (server: string): ServerFailed =>
  new ServerFailed(server, 'unreachable', 'was disconnected by the gateway; ask again.');
