import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types.js';
import { ApiError, invalid } from '../base/errors.ts';
import { type Document, type Operation, operationsOf } from './document.ts';
import { FORMATS } from './formats.ts';
import { mistakesOf, type ValidationError } from './mistakes.ts';

/** Called when an answer of ours breaks the document. */
export type OnViolation = (violation: { operationId: string; status: number; message: string }) => void;

/** What express-openapi-validator keeps on a request once it has matched it to an operation. */
type Match = { schema: unknown; expressRoute: string; pathParams: Record<string, unknown>; serial: number };
type Matched = Request & { openapi?: Match; onViolation?: 'throw' | OnViolation };

/** A document as express-openapi-validator has compiled it. */
type Compiled = {
  readonly matches: ReadonlyMap<Operation['id'], Match>;
  readonly checkRequest: RequestHandler;
  readonly checkResponse: RequestHandler;
};

/** It takes a second of CPU to compile all of a document, and nothing of it depends on the server: one for a process. */
const compiledDocuments = new WeakMap<Document, Promise<Compiled>>();

/**
 * The one place that knows express-openapi-validator: request and response validation for each operation, as
 * middleware that runs when the route is already known.
 *
 * The validator matches a request to an operation by compiling every path of the document again, on every request. Here
 * it does so once for each operation, at boot, and its verdict is reused: routing costs nothing twice, and a document
 * that it cannot use stops the boot instead of failing every request.
 *
 * With `throw` an answer that breaks the document becomes a 500 (tests). Otherwise it is reported and served (production).
 */
export async function createValidator(
  document: Document,
  onViolation: 'throw' | OnViolation,
): Promise<(operation: Operation) => RequestHandler[]> {
  const compiling = compiledDocuments.get(document) ?? compile(document);
  compiledDocuments.set(document, compiling);
  const { matches, checkRequest, checkResponse } = await compiling;
  return (operation) => [
    (request: Matched, _response, next) => {
      const found = matches.get(operation.id) as Match;
      request.openapi = { ...found, pathParams: { ...request.params } };
      request.onViolation = onViolation;
      next();
    },
    (request, response, next) =>
      checkRequest(request, response, (error?: unknown) =>
        next(error === undefined ? undefined : asApiError(document, operation, error, request)),
      ),
    checkResponse,
  ];
}

async function compile(document: Document): Promise<Compiled> {
  const handlers = openApiValidator({
    // The validator writes into the document that it is given.
    apiSpec: structuredClone(document) as unknown as OpenAPIV3.DocumentV3,
    validateApiSpec: false,
    validateSecurity: false,
    validateRequests: { allErrors: true },
    validateResponses: { onError: (error, _body, request) => report(error, request) },
    fileUploader: false,
    ajvFormats: { mode: 'full' },
    formats: Object.fromEntries(
      Object.entries(FORMATS).map(([name, { validate }]) => [name, { type: 'string', validate }] as const),
    ),
  }) as unknown as RequestHandler[];
  const [match, checkRequest, checkResponse] = ['metadata', 'request', 'response'].map((name) => {
    const found = handlers.find((handler) => handler.name === `${name}Middleware`);
    if (found === undefined) {
      throw new Error(`express-openapi-validator has no ${name}Middleware any more: see ${import.meta.filename}`);
    }
    return found;
  }) as [RequestHandler, RequestHandler, RequestHandler];
  const matches = new Map<Operation['id'], Match>();
  for (const operation of operationsOf(document)) {
    if (!operation.raw) {
      matches.set(operation.id, await matchOnce(match, operation));
    }
  }
  return { matches, checkRequest, checkResponse };
}

function matchOnce(match: RequestHandler, operation: Operation): Promise<Match> {
  const path = operation.path.replaceAll(/\{\w+\}/g, 'x');
  const request = {
    method: operation.method.toUpperCase(),
    path,
    originalUrl: path,
    baseUrl: '',
    app: { enabled: () => false },
  };
  return new Promise((resolve, reject) => {
    const next: NextFunction = (error?: unknown) => {
      const found = (request as unknown as Matched).openapi;
      if (error !== undefined || found === undefined) {
        reject(new Error(`express-openapi-validator does not know ${operation.id}`, { cause: error }));
      } else {
        resolve(found);
      }
    };
    match(request as unknown as Request, {} as Response, next);
  });
}

function asApiError(document: Document, operation: Operation, error: unknown, request: Request): unknown {
  const errors = (error as { status?: number; errors?: ValidationError[] }).errors;
  return (error as { status?: number }).status === 400 && errors !== undefined
    ? invalid(mistakesOf(document, operation, errors, request.body))
    : error;
}

function report(error: Error, request: Request): void {
  const { operation, onViolation } = request as Matched & { operation?: Operation };
  const operationId = operation?.id ?? 'unknown';
  if (onViolation === 'throw') {
    throw new ApiError('internal_error', `The answer of ${operationId} breaks the document: ${error.message}`);
  }
  onViolation?.({ operationId, status: request.res?.statusCode ?? 0, message: error.message });
}
