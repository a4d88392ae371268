import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { GatewayOperationId, RawOperationId } from '../../generated/raw-operations.ts';
import { ApiError } from '../base/errors.ts';
import { isTurnOver, nextTurn } from '../base/event-loop-turns.ts';
import type { Operation } from './document.ts';
import { largeListIn, sendLarge } from './large-list.ts';
import type { Handler, Handlers, JsonOperationId, Reply } from './operations.ts';

/** Handlers of `x-raw` operations: they write the answer themselves. */
export type RawHandlers = {
  readonly [K in Exclude<RawOperationId, GatewayOperationId>]: (request: Request, response: Response) => unknown;
};

/** The parts that the registration of operations needs. */
export type Registration = {
  readonly operations: readonly Operation[];
  readonly handlers: Handlers;
  readonly raw: RawHandlers;
  /** Runs for every operation, before any body is read. */
  readonly before: (operation: Operation) => RequestHandler[];
  /** Runs for validated operations, after `before`: reads the body and validates both ways. */
  readonly validated: (operation: Operation) => RequestHandler[];
  /** Runs for operations with JSON after the answer is written. */
  readonly answered: (request: Request, response: Response) => void;
  /** The path of the public URL, which precedes every path of the document for clients; empty if there is none. */
  readonly publicPath: string;
};

/**
 * Registers every operation of the document in one walk, and a 405 with `Allow` for the other methods of its paths.
 * Throws if the document and the handlers disagree, so that such a server never starts.
 */
export function register({ operations, handlers, raw, before, validated, answered, publicPath }: Registration): Router {
  requireHandlers(operations, raw, handlers);
  return routesOf(operations, (operation) => [
    ...before(operation),
    ...(operation.isValidated ? validated(operation) : []),
    ...(operation.raw
      ? [raw[operation.id as keyof RawHandlers] as RequestHandler]
      : [answer(handlers[operation.id as JsonOperationId] as Handler<JsonOperationId>, answered, publicPath)]),
  ]);
}

/** Makes a route of each operation, and one that throws 405 with `Allow` for the other methods of its path. */
export function routesOf(
  operations: readonly Operation[],
  stepsOf: (operation: Operation) => readonly RequestHandler[],
): Router {
  // Strict: clients fold `…/tool-approvals/..` into `…/{mcpServerId}/`, which must not be the server itself.
  const router = Router({ caseSensitive: true, strict: true });
  for (const operation of operations) {
    router[operation.method](expressPath(operation.path), ...stepsOf(operation));
  }
  for (const [path, methods] of methodsByPath(operations)) {
    // Express answers HEAD where there is a GET.
    const allow = methods.replace(/\bGET\b/, 'GET, HEAD');
    router.all(expressPath(path), (request) => {
      throw wrongMethod(request.method, path, allow);
    });
  }
  return router;
}

/** Throws unless each operation has a handler of the right kind, and there are no others. */
export function requireHandlers(operations: readonly Operation[], raw: object, json: object): void {
  const left = new Set([...Object.keys(raw), ...Object.keys(json)]);
  for (const { id, method, path, raw: isRaw } of operations) {
    if (!left.delete(id) || isRaw !== Object.hasOwn(raw, id)) {
      throw new Error(`no handler of the right kind for ${method} ${path} (${id})`);
    }
  }
  if (left.size > 0) {
    throw new Error(`handlers without an operation: ${[...left].join(', ')}`);
  }
}

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Answers 405 for a path of the document with an undefined method. */
export const wrongMethod = (method: string, path: string, allow: string): ApiError =>
  new ApiError('method_not_allowed', `${method} is not a method of ${path}; use ${allow}.`, {
    headers: { Allow: allow },
  });

/** Returns the methods of each path, as in the value of `Allow`. */
export function methodsByPath(operations: readonly Operation[]): Map<string, string> {
  const methods = Map.groupBy(operations, (operation) => operation.path);
  const named = (all: readonly Operation[]) => all.map(({ method }) => method.toUpperCase());
  return new Map([...methods].map(([path, all]) => [path, named(all).join(', ')]));
}

type PlainReply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
};

function answer(
  handler: Handler<JsonOperationId>,
  answered: Registration['answered'],
  publicPath: string,
): RequestHandler {
  const respond = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    ({ status, body, headers }) satisfies PlainReply as unknown as Reply<JsonOperationId>;
  return async (request, response) => {
    const input = {
      params: request.params,
      query: request.query,
      headers: request.headers,
      body: request.body,
      caller: request.caller,
      address: request.socket.remoteAddress ?? '',
      memory: request.memory,
    };
    const reply = (await handler(input as never, respond as never)) as unknown as PlainReply;
    // Conditional reads are not offered, and Express would answer an undocumented 304 of its own accord.
    delete request.headers['if-none-match'];
    if (isTurnOver()) {
      // Checking and writing an answer may take as long as making it.
      await nextTurn(request.memory?.holder);
    }
    const { Location } = reply.headers;
    response
      .status(reply.status)
      .set({ ...reply.headers, ...(Location !== undefined && { Location: publicPath + Location }) });
    const list = largeListIn(reply.body);
    if (list !== undefined) {
      await sendLarge(response, reply.body, list);
      return;
    }
    response.json(reply.body);
    answered(request, response);
  };
}
