import type { RequestListener } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import cors from 'cors';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import pino from 'pino';
import { ApiError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryBudget } from '../base/memory-budget.ts';
import type { Document, Operation } from '../contract/document.ts';
import { methodsByPath, routesOf, wrongMethod } from '../contract/register.ts';
import { createValidator } from '../contract/validate.ts';
import { builtDocs } from '../docs/built.ts';
import { defaultServer } from '../docs/document.ts';
import { isOfGateway } from '../gateway/router.ts';
import { authenticate } from '../http/authenticate.ts';
import { readBody } from '../http/body.ts';
import type { Identified } from '../http/context.ts';
import { errorAnswerer } from '../http/errors.ts';
import { foldSlashes } from '../http/fold-slashes.ts';
import { giveRequestId } from '../http/request-id.ts';
import { secureAnswers } from '../http/security-headers.ts';
import { browserFiles } from '../platform/browser-files.ts';
import { type PlatformHandlers, platformHandlers } from '../platform/handlers.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { ANY_CREDENTIALS } from './any-credentials.ts';
import { createEndpoint } from './endpoint.ts';
import { type Fault, statusOnPurpose } from './faults.ts';
import { type Choice, choicesOf, chooseAnswer, type Preferences, readPreferences } from './preferences.ts';
import type { MakeBody, Mocked } from './prism.ts';

/** Bytes of memory for requests: more than any body that one developer sends. */
const MEMORY_BYTES = 512 * 1024 * 1024;

export type MockOptions = {
  readonly document: Document;
  /** The operations of the document that are served. */
  readonly operations: readonly Operation[];
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** Whether bodies are made from their schemas, unless a request wants an example. */
  readonly isDynamic: boolean;
  /** Milliseconds that every answer waits. */
  readonly latencyMs: number;
  readonly faults: readonly Fault[];
  /** From 0 to 1, for the rates of faults. */
  readonly random: () => number;
};

/**
 * Wires the mock together of the server's own parts: routes, credentials, bodies, validation and errors. Documents,
 * probes and endpoints answer as they do on the server, unless the request prefers an example.
 */
export function createMockApp(options: MockOptions, url: string, makeBody: MakeBody): RequestListener {
  const { document, operations, latencyMs } = options;
  const budget = new MemoryBudget({ totalBytes: MEMORY_BYTES, patienceMs: LIMITS.memoryPatienceMs });
  const validate = createValidator(document, 'throw');
  const answer = exampleAnswers(options, url, makeBody);
  const real = realHandlers(document, url, budget);
  const secure = secureAnswers(url);
  const answerError = errorAnswerer(url, pino(pino.destination(2)));
  const app = express();
  app.disable('x-powered-by').disable('etag').set('env', 'production');
  app.use(cors({ exposedHeaders: '*' }));
  if (latencyMs > 0) {
    app.use((_request, _response, next) => void setTimeout(latencyMs).then(() => next()));
  }
  app.all(['/mcp', '/mcp/:token'], refuseOtherMethods(operations));
  app.use(
    routesOf(operations, (operation) => [
      ...authenticate(operation, ANY_CREDENTIALS, { adminAuth: 'required', publicUrl: url }),
      ...(operation.isValidated ? [...readBody(operation, budget), ...validate(operation)] : []),
      answer(operation, real(operation)),
    ]),
  );
  app.use(browserFiles(''));
  app.use((request) => {
    throw new ApiError('not_found', `There is no ${request.path}; /openapi.json lists every path.`);
  });
  app.use(((thrown, request, response, _next) =>
    answerError(thrown, request, response, request.path)) as ErrorRequestHandler);
  return (request, response) => {
    request.url = foldSlashes(request.url ?? '');
    giveRequestId(request as Identified, response);
    secure(response);
    app(request, response);
  };
}

/** Express would answer HEAD like GET; the gateway, which works without Express, does not. */
function refuseOtherMethods(operations: readonly Operation[]): RequestHandler {
  const allowed = methodsByPath(operations);
  return ({ method, params }, _response, next) => {
    const path = params.token === undefined ? '/mcp' : '/mcp/{token}';
    const allow = allowed.get(path) ?? '';
    if (!allow.split(', ').includes(method)) {
      throw wrongMethod(method, path, allow);
    }
    next();
  };
}

/** The handlers of operations that need no example. */
function realHandlers(document: Document, url: string, budget: MemoryBudget) {
  const serveMcp = createEndpoint(url, budget);
  const store = { check: async () => undefined };
  const platform = platformHandlers(
    { publicUrl: url, metrics: createMetrics(), store, hasProvider: false },
    document,
    builtDocs,
  );
  return (operation: Operation): RequestHandler | undefined =>
    isOfGateway(operation)
      ? serveMcp(operation)
      : (platform[operation.id as keyof PlatformHandlers] as RequestHandler | undefined);
}

/** Answers with the example that the request prefers, the error that the mock answers on purpose, or the real handler. */
function exampleAnswers(
  { document, isDynamic, faults, random }: MockOptions,
  url: string,
  makeBody: MakeBody,
): (operation: Operation, real: RequestHandler | undefined) => RequestHandler {
  const atThisUrl = (text: string): string => text.replaceAll(defaultServer(document), url);

  const send = (response: Response, { status, headers }: Choice, { type, body }: Mocked): void => {
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, atThisUrl(String(value)));
    }
    response.status(status);
    if (body === undefined) {
      response.end();
    } else {
      response.type(type).send(atThisUrl(typeof body === 'string' ? body : JSON.stringify(body)));
    }
  };

  return (operation, real) => {
    const choices = choicesOf(document, operation);
    return async (request, response, next) => {
      const preferred = readPreferences(request.get('Prefer'));
      const isFree = Object.keys(preferred).length === 0;
      const code = isFree ? statusOnPurpose(faults, document, operation, random) : undefined;
      if (real !== undefined && isFree && code === undefined) {
        await real(request, response, next);
        return;
      }
      const wanted: Preferences = { ...preferred, ...(code !== undefined && { code }) };
      const choice = chooseAnswer(choices, wanted);
      const dynamic = wanted.dynamic ?? (isDynamic && wanted.example === undefined);
      send(response, choice, await makeBody(operation, choice, dynamic));
    };
  };
}
