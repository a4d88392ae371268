/** What went wrong with a server. `unreachable`: nothing was sent. `broken`: it may have carried out what it was sent. */
export type FailureKind = 'unreachable' | 'refused' | 'broken' | 'late' | 'protocol';

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
}
