import type { Request, RequestHandler } from 'express';
import { AjvOptions } from 'express-openapi-validator/dist/framework/ajv/options.js';
import { defaultSerDes } from 'express-openapi-validator/dist/framework/base.serdes.js';
import type {
  NormalizedOpenApiValidatorOpts,
  OpenAPIV3,
  OpenApiRequest,
} from 'express-openapi-validator/dist/framework/types.js';
import { RequestValidator } from 'express-openapi-validator/dist/middlewares/openapi.request.validator.js';
import { ResponseValidator } from 'express-openapi-validator/dist/middlewares/openapi.response.validator.js';
import { SchemaPreprocessor } from 'express-openapi-validator/dist/middlewares/parsers/schema.preprocessor.js';
import { internalError, invalid } from '../base/errors.ts';
import { type Document, type Operation, operationsOf, resolve } from './document.ts';
import { FORMATS } from './formats.ts';
import { mistakesOf, type ValidationError } from './mistakes.ts';

/** Called when an answer of the server breaks the document. */
export type OnViolation = (violation: { operationId: string; status: number; message: string }) => void;

/** What express-openapi-validator wants to find on a request: which operation it is, as prepared for each direction. */
type Match = {
  readonly expressRoute: string;
  readonly openApiRoute: string;
  readonly schema: unknown;
  readonly _responseSchema: unknown;
  readonly serial: number;
};
type Matched = Request & {
  openapi?: Match & { readonly pathParams: Readonly<Record<string, unknown>> };
  onViolation?: 'throw' | OnViolation;
};

/** The document as express-openapi-validator has prepared it for one direction. */
type Prepared = OpenAPIV3.DocumentV3 | OpenAPIV3.DocumentV3_1;

/** Tells the documents of a validator apart: here each validator has one. */
const DOCUMENT_ID = 0;

/** The checks of requests and answers of a document. */
type Compiled = {
  readonly matches: ReadonlyMap<Operation['id'], Match>;
  readonly checkRequest: RequestHandler;
  readonly checkResponse: RequestHandler;
};

/** Nothing of it depends on the server, and each operation is compiled when it is first asked: one for a process. */
const compiledDocuments = new WeakMap<Document, Compiled>();

/**
 * The only code that uses express-openapi-validator: request and response validation for each operation, as middleware
 * that runs when the route is already known.
 *
 * Its own middleware compiles the schema of OpenAPI at each start, and every path of the document on each request, to
 * find the operation. We use its parts without it, because the router has already found the operation.
 *
 * With `throw`, an answer that breaks the document becomes a 500 (tests). Otherwise it is reported and served
 * (production).
 */
export function createValidator(
  document: Document,
  onViolation: 'throw' | OnViolation,
): (operation: Operation) => RequestHandler[] {
  const compiled = compiledDocuments.get(document) ?? compile(document);
  compiledDocuments.set(document, compiled);
  const { matches, checkRequest, checkResponse } = compiled;
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

/**
 * Compiles what the document says of an answer when the first such answer comes, and once for all operations that refer to
 * it. By itself the validator compiles all answers of an operation before the first of them: 0.1 s of CPU for each.
 */
class AnswerValidator extends ResponseValidator {
  readonly #keys = new Map<object, string>();

  override _getOrBuildValidator({ res }: OpenApiRequest, documented: OpenAPIV3.ResponsesObject) {
    const status = String(res?.statusCode);
    const name = [status, `${status[0]}XX`, 'default'].find((candidate) => Object.hasOwn(documented, candidate));
    const answer = name === undefined ? undefined : documented[name];
    if (name === undefined || answer === undefined) {
      return {};
    }
    const key = this.#keys.get(answer) ?? String(this.#keys.size);
    this.#keys.set(answer, key);
    // It keeps what it has compiled by method, route and media type of the request.
    const kept = { method: name, headers: {}, openapi: { expressRoute: key } } as unknown as OpenApiRequest;
    return super._getOrBuildValidator(kept, { [name]: answer });
  }
}

function compile(document: Document): Compiled {
  const answers = { onError: (error: Error, _body: unknown, request: Request) => report(error, request) };
  const options = new AjvOptions({
    validateRequests: { allErrors: true },
    validateResponses: answers,
    validateFormats: true,
    ajvFormats: { mode: 'full' },
    formats: Object.fromEntries(
      Object.entries(FORMATS).map(([name, { validate }]) => [name, { type: 'string', validate }] as const),
    ),
    serDes: defaultSerDes,
  } as unknown as NormalizedOpenApiValidatorOpts);
  const operations = operationsOf(document);
  // It writes into the document that it is given.
  const copy = structuredClone(document);
  const preprocessor = new SchemaPreprocessor(copy as unknown as Prepared, options.preprocessor, answers);
  // By itself it compiles a schema to follow a reference to it: half of the CPU of a start.
  Object.assign(preprocessor, { resolveSchema: (node: unknown) => resolve(copy, node) });
  const { apiDoc, apiDocRes } = preprocessor.preProcess();
  const objects = operations.map(
    ({ path, method }) => apiDoc.paths?.[path]?.[method] ?? {},
  ) as OpenAPIV3.OperationObject[];
  const requests = new RequestValidator(
    referredTo(
      apiDoc,
      objects.map(({ requestBody, parameters }) => [requestBody, parameters]),
    ),
    options.request,
  );
  const responses = new AnswerValidator(referredTo(apiDocRes, apiDocRes.paths), options.response, answers, DOCUMENT_ID);
  const matches = new Map(
    operations.map(({ id, path, method }) => [
      id,
      {
        expressRoute: path,
        openApiRoute: path,
        schema: apiDoc.paths?.[path]?.[method],
        _responseSchema: apiDocRes.paths?.[path]?.[method],
        serial: DOCUMENT_ID,
      },
    ]),
  );
  return {
    matches,
    checkRequest: (request, response, next) => {
      try {
        requests.validate(request as never, response, next);
      } catch (error) {
        next(error);
      }
    },
    checkResponse: responses.validate(),
  };
}

/**
 * A prepared document with nothing but what these parts of it refer to, directly or not, and the parameters. The validators
 * walk all of it whenever they compile one schema.
 */
function referredTo(
  { components: { schemas = {}, parameters = {} } = {}, ...prepared }: Prepared,
  parts: unknown,
): Prepared {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      if (!found.has(name)) {
        found.add(name);
        visit(schemas[name]);
      }
    }
  };
  visit([parts, parameters]);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)));
  return { ...prepared, paths: {}, components: { schemas: kept, parameters } } as Prepared;
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
    throw internalError(`The answer of ${operationId} breaks the document: ${error.message}`, error);
  }
  onViolation?.({ operationId, status: request.res?.statusCode ?? 0, message: error.message });
}
