import { credentialsRefused, isUnavailableStatus, ServerFailed } from './server-failed.ts';

/** The protocol of a pipe over a network, in words for people. */
export type PipeProtocol = 'HTTP with SSE' | 'WebSocket';

/** The end of messages about a server that may have received requests. */
export const MAY_HAVE_RUN = 'what it was asked may have been carried out';

/** The failure for a server that violates the protocol of its pipe. `why` completes the sentence. */
export const pipeProtocolViolation = (server: string, spoken: PipeProtocol, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak MCP over ${spoken}: ${why}.`);

/** The failure for an HTTP status other than the expected one. */
export function failureOfStatus(server: string, spoken: PipeProtocol, status: number): ServerFailed {
  if (status === 401 || status === 403) {
    return credentialsRefused(server, status);
  }
  return isUnavailableStatus(status)
    ? new ServerFailed(server, 'unavailable', `says that it cannot answer now (HTTP ${status}).`)
    : pipeProtocolViolation(server, spoken, `it answered with HTTP ${status}`);
}

/** The failure for a message that was not sent because the connection had ended. */
export const connectionEnded = (server: string): ServerFailed =>
  new ServerFailed(server, 'unreachable', 'cannot be reached (the connection to it has ended).');
