import { credentialsRefused, isUnavailable, ServerFailed } from './failed.ts';

/** What is spoken through a pipe over a network, in words for people. */
export type Spoken = 'HTTP with SSE' | 'WebSocket';

/** The end of what is said of a server that messages may have reached. */
export const CARRIED_OUT = 'what it was asked may have been carried out';

/** What a server does makes no sense for one that is spoken to like this. */
export const notSpoken = (server: string, spoken: Spoken, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak MCP over ${spoken}: ${why}.`);

/** What an HTTP status other than the one that was hoped for says of a server. */
export function statusFailed(server: string, spoken: Spoken, status: number): ServerFailed {
  if (status === 401 || status === 403) {
    return credentialsRefused(server, status);
  }
  return isUnavailable(status)
    ? new ServerFailed(server, 'unavailable', `says that it cannot answer now (HTTP ${status}).`)
    : notSpoken(server, spoken, `it answered with HTTP ${status}`);
}

/** Of a message that was not sent any more. */
export const hasEnded = (server: string): ServerFailed =>
  new ServerFailed(server, 'unreachable', 'cannot be reached (the connection to it has ended).');
