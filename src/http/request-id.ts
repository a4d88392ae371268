import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

/** Gives every request an id: the client's own `X-Request-Id` when it is sane, else a new one. */
export const requestId: RequestHandler = (request, response, next) => {
  const sent = request.headers['x-request-id'];
  request.id = typeof sent === 'string' && /^[\w.:-]{1,128}$/.test(sent) ? sent : randomUUID();
  response.set('X-Request-Id', request.id);
  next();
};
