import type { Caller } from '../caller.ts';
import type { Operation } from '../contract/document.ts';

declare global {
  namespace Express {
    interface Request {
      /** The id of the request, in the log and in `X-Request-Id`. */
      id: string;
      /** The operation of the document, once the route is known. */
      operation?: Operation;
      /** Who asks, once the credentials are checked. */
      caller?: Caller;
    }
  }
}
