import type { ServerResponse } from 'node:http';

/**
 * Calls `done` when an answer is sent, or its client has left: at once if that has happened already, for example while the
 * database was asked about the credentials.
 */
export function whenClosed(response: ServerResponse, done: () => void): void {
  if (response.closed) {
    done();
  } else {
    response.once('close', done);
  }
}
