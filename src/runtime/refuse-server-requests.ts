import type { ServerMessage } from './messages.ts';
import { answerServerRequest } from './protocol.ts';

/**
 * The maximum number of pending answers to one server; further requests get no answer. Each answer can be a
 * connection, and a server can ask as fast as it is read.
 */
const MAX_CURRENT_ANSWERS = 32;

/**
 * Creates a function that answers the requests of one server with an error, because nobody is there to ask. It never
 * fails.
 */
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
