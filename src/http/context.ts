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
  /** Who asks, once the credentials are checked. */
  caller?: Caller;
  /** What is held for it until its answer is through. */
  memory?: MemoryScope;
  /** What was answered, where that is an error. */
  errorCode?: ErrorCode;
};

/** A request of which more is known than what was sent. */
export type Identified = IncomingMessage & Known;

declare global {
  namespace Express {
    interface Request extends Known {}
  }
}
