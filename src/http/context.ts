import type { IncomingMessage } from 'node:http';
import type { Caller } from '../base/caller.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import type { Operation } from '../contract/document.ts';

type Known = {
  /** The id of the request, in the log and in `X-Request-Id`. */
  id: string;
  /** The operation of the document, once the route is known. */
  operation?: Operation;
  /** The sender, once the credentials are checked. */
  caller?: Caller;
  /** Whether the credentials of the request still hold; this is no use of them by a person. */
  isStillAllowed?: () => Promise<boolean>;
  /** The memory of the request until its answer is sent. */
  memory?: MemoryScope;
  /** The error code of the answer, if it is an error. */
  errorCode?: ErrorCode;
};

/** A request with the facts that the server has found out about it. */
export type Identified = IncomingMessage & Known;

declare global {
  namespace Express {
    interface Request extends Known {}
  }
}
