import type { ServerResponse } from 'node:http';
import type { GatewayOperationId } from '../../generated/raw-operations.ts';
import type { Operation } from '../contract/document.ts';
import { methodsByPath, requireHandlers, wrongMethod } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import type { Identified } from '../http/context.ts';
import type { AnswerError } from '../http/errors.ts';
import type { CrossOrigin, Guard } from '../http/guard.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { gatewayHandlers } from './handlers.ts';
import { foldRepeatedHeaders } from './repeated-headers.ts';

/** Whether an operation is for MCP clients. */
export const isOfGateway = ({ path }: Pick<Operation, 'path'>): boolean => path === '/mcp' || path.startsWith('/mcp/');

/** Answers a request, or returns false and does nothing if its path does not belong to the gateway. */
export type GatewayRouter = (request: Identified, response: ServerResponse) => boolean;

type Around = {
  readonly guard: Guard;
  readonly share: CrossOrigin;
  readonly answerError: AnswerError;
  readonly limit: RateLimit;
  /** Runs before each operation; may wait, or throw the error to answer. */
  readonly disturb?: ((operation: Operation) => Promise<void>) | undefined;
};

/** The paths `/mcp` and `/mcp/<token>`; `foldSlashes` has removed what clients add to them. */
const PATH = /^\/mcp(?:\/([^/?#]+))?(?:[?#]|$)/;

/**
 * Creates the router for the operations of MCP clients, without Express, whose work per request costs as much as
 * relaying it. The document defines the operations, as for all others. Throws if the document and the handlers
 * disagree.
 */
export function createGatewayRouter(deps: Deps, operations: readonly Operation[], around: Around): GatewayRouter {
  const handlers = gatewayHandlers(deps, around.limit);
  requireHandlers(operations, handlers, {});
  const byPlace = new Map(
    operations.map((operation) => [`${operation.method.toUpperCase()} ${operation.path}`, operation]),
  );
  const allowed = methodsByPath(operations);

  const serve = async (request: Identified, response: ServerResponse, path: string, token: string | undefined) => {
    const { method = '' } = request;
    const operation = byPlace.get(`${method} ${path}`);
    if (operation === undefined) {
      throw wrongMethod(method, path, allowed.get(path) ?? '');
    }
    request.operation = operation;
    await around.disturb?.(operation);
    await handlers[operation.id as GatewayOperationId](request, response, token);
  };

  return (request, response) => {
    const match = PATH.exec(request.url ?? '');
    if (match === null) {
      return false;
    }
    foldRepeatedHeaders(request.headers);
    const [, token] = match;
    const path = token === undefined ? '/mcp' : '/mcp/{token}';
    const fail = (error: unknown) => around.answerError(error, request, response, path);
    try {
      around.guard(request, path);
      around.share(request, response, () => void serve(request, response, path, token).catch(fail));
    } catch (error) {
      fail(error);
    }
    return true;
  };
}
