import type { ServerMessage } from './messages.ts';
import { answerServerRequest } from './protocol.ts';

/**
 * Answers to one server that may be under way. A server that asks more at once gets no answer to the rest: each answer
 * can be a connection, and a server could ask as fast as it is read.
 */
const MAX_CURRENT_ANSWERS = 32;

/** Makes what answers the requests of one server, over a session where there is nobody to ask. It never fails. */
export function createRequestRefuser(send: (answer: object) => Promise<unknown>): (request: ServerMessage) => void {
  let underWay = 0;
  return (request) => {
    if (underWay < MAX_CURRENT_ANSWERS) {
      underWay += 1;
      void send(answerServerRequest(request))
        .catch(() => undefined)
        .finally(() => {
          underWay -= 1;
        });
    }
  };
}
