import { credentialsRefused, isUnavailableStatus, ServerFailed } from './server-failed.ts';

/** What is spoken through a pipe over a network, in words for people. */
export type PipeProtocol = 'HTTP with SSE' | 'WebSocket';

/** The end of what is said of a server that messages may have reached. */
export const MAY_HAVE_RUN = 'what it was asked may have been carried out';

/** What a server does makes no sense for one that is spoken to like this. */
export const pipeProtocolViolation = (server: string, spoken: PipeProtocol, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak MCP over ${spoken}: ${why}.`);

/** What an HTTP status other than the one that was hoped for says of a server. */
export function failureOfStatus(server: string, spoken: PipeProtocol, status: number): ServerFailed {
  if (status === 401 || status === 403) {
    return credentialsRefused(server, status);
  }
  return isUnavailableStatus(status)
    ? new ServerFailed(server, 'unavailable', `says that it cannot answer now (HTTP ${status}).`)
    : pipeProtocolViolation(server, spoken, `it answered with HTTP ${status}`);
}

/** Of a message that was not sent any more. */
export const connectionEnded = (server: string): ServerFailed =>
  new ServerFailed(server, 'unreachable', 'cannot be reached (the connection to it has ended).');
