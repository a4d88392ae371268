import type { RequestHandler } from 'express';
import { isTurnOver, nextTurn } from '../base/event-loop-turns.ts';
import { holderOf } from './memory.ts';

/**
 * Lets a request wait for its turn when the requests before it have used up this turn of the event loop. A client can send
 * hundreds at once, and all of them would be answered before the loop turns again. Callers take turns.
 */
export const takeTurn: RequestHandler = async (request, response, next) => {
  if (isTurnOver()) {
    await nextTurn(holderOf(request.caller));
  }
  // Nobody waits for the answer to a client that has left meanwhile.
  if (!response.closed) {
    next();
  }
};
