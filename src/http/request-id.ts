import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Identified } from './context.ts';

/** Gives a request an id: the client's own `X-Request-Id` if it is valid, otherwise a new one. */
export function giveRequestId(request: Identified, response: ServerResponse): void {
  const sent = request.headers['x-request-id'];
  request.id = typeof sent === 'string' && /^[\w.:-]{1,128}$/.test(sent) ? sent : randomUUID();
  response.setHeader('X-Request-Id', request.id);
}
