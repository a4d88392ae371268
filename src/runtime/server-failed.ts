/**
 * What went wrong with a server. `unreachable`: nothing was sent. `broken`: it may have carried out what it was sent.
 * `unavailable`: it answers that it cannot answer now. `unusable`: as it is configured it cannot be used, such as a
 * command that is not there, or a certificate that nobody trusts.
 */
export type FailureKind = 'unreachable' | 'unavailable' | 'refused' | 'broken' | 'late' | 'protocol' | 'unusable';

/** Failures that may pass without anybody changing the configuration. */
const PASSING: readonly FailureKind[] = ['unreachable', 'unavailable', 'broken', 'late'];

/**
 * A server that could not be asked, or whose answer is none. The message names the server and is meant for clients: it
 * holds no credential, no address, and nothing that the server said. `cause` is for the log.
 */
export class ServerFailed extends Error {
  override readonly name = 'ServerFailed';
  readonly kind: FailureKind;

  constructor(server: string, kind: FailureKind, what: string, cause?: unknown) {
    super(`The MCP server '${server}' ${what}`, { cause });
    this.kind = kind;
  }

  /** Whether it may be gone later although nobody changes anything. */
  get mayPass(): boolean {
    return PASSING.includes(this.kind);
  }
}

/** Of a server that answers with HTTP 401 or 403: that is about the headers that it is sent. */
export const credentialsRefused = (server: string, status: number): ServerFailed =>
  new ServerFailed(
    server,
    'refused',
    `refused the credentials that it is sent (HTTP ${status}). Whoever owns it must look after its headers.`,
  );

/** Whether an HTTP status says that a server cannot answer now. */
export const isUnavailableStatus = (status: number): boolean => status >= 500 || status === 429;

/** Of a connection that the gateway has closed. */
export const disconnected = (server: string): ServerFailed =>
  new ServerFailed(server, 'unreachable', 'was disconnected by the gateway; ask again.');
