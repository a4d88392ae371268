import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import {
  ApiError,
  CATALOGUE,
  type ErrorCode,
  helpLink,
  type InvalidValue,
  internalError,
  type Mistake,
  overBudget,
} from '../base/errors.ts';
import { QueueFull } from '../base/fair-queue.ts';
import { OverBudget } from '../base/memory-budget.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { DeletedMeanwhile } from '../store/errors.ts';
import { StoreBusy, StoreUnavailable } from '../store/store.ts';
import type { Identified } from './context.ts';

/** How one API writes an error. */
type Envelope = { readonly status: (error: ApiError) => number; readonly body: (error: ApiError) => unknown };

/** The mistakes of an error with their places in the request. `nameOf` says what an API calls a value of the domain. */
const placed = ({ mistakes }: ApiError, nameOf: (name: string) => string): Mistake[] =>
  mistakes.map((mistake) => ('field' in mistake ? mistake : { ...mistake, field: fieldOf(mistake, nameOf) }));

/** Values that rules are given stand in bodies; below the first name they are the caller's own words. */
function fieldOf({ path: [first, ...rest] }: InvalidValue, nameOf: (name: string) => string): string {
  return ['body', ...(first === undefined ? [] : [nameOf(first)]), ...rest].join('.');
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The Accounts API calls an integration by two names. */
const accountsName = (name: string): string =>
  name === 'integrationId' ? 'environment_integration_id' : snakeCase(name);

const SERVERS: Envelope = {
  status: (error) => CATALOGUE[error.code].status,
  body: (error) => ({
    message: error.title,
    status: 'error',
    error:
      placed(error, snakeCase)
        .map(({ field, message }) => `${field}: ${message}`)
        .join('; ') || error.message,
  }),
};

const ACCOUNTS: Envelope = {
  status: SERVERS.status,
  body: (error) => ({
    statusCode: CATALOGUE[error.code].status,
    error: STATUS_CODES[CATALOGUE[error.code].status],
    message: error.message,
    ...(error.mistakes.length > 0 && {
      details: { failures: placed(error, accountsName).map(({ field, message }) => ({ path: field, message })) },
    }),
  }),
};

const OPERATOR_CODES: Readonly<Record<ErrorCode, string>> = {
  validation_failed: 'validation_failed',
  malformed_json: 'validation_failed',
  unauthorized: 'auth_required',
  forbidden: 'forbidden',
  not_found: 'not_found',
  method_not_allowed: 'bad_request',
  malformed_request: 'bad_request',
  mixed_organizations: 'bad_request',
  request_timeout: 'bad_request',
  headers_too_large: 'bad_request',
  conflict: 'conflict',
  quota_exceeded: 'quota_exceeded',
  precondition_failed: 'conflict',
  body_too_large: 'bad_request',
  unsupported_media_type: 'bad_request',
  rate_limited: 'rate_limited',
  server_failed: 'internal_error',
  reload_failed: 'reload_failed',
  internal_error: 'internal_error',
  unavailable: 'internal_error',
};

const OPERATOR: Envelope = {
  status: ({ code }) => (OPERATOR_CODES[code] === 'validation_failed' ? 422 : CATALOGUE[code].status),
  body: (error) => {
    const mistakes =
      error.code === 'malformed_json'
        ? [{ field: 'body', message: error.message, rule: 'json_invalid' }]
        : placed(error, (name) => name);
    const fieldErrors = mistakes.map(({ field, message, rule }) => ({
      field,
      message,
      code: OPERATOR_RULES[rule] ?? rule,
    }));
    return {
      error: {
        code: OPERATOR_CODES[error.code],
        message: error.message,
        ...(error.details && { details: error.details }),
        ...(fieldErrors.length > 0 && { fieldErrors }),
      },
      ...error.beside,
    };
  },
};

/** The words that clients of this API know for the rules they break most. */
const OPERATOR_RULES: Readonly<Record<string, string>> = {
  required: 'missing',
  minLength: 'min_length',
  maxLength: 'max_length',
};

/** The gateway speaks JSON-RPC, also where there is no message to answer to. */
const GATEWAY: Envelope = {
  status: SERVERS.status,
  body: (error) => ({
    jsonrpc: '2.0',
    error: { code: CODE_OF_ERROR[error.code] ?? RPC_ERROR_CODES.refused, message: error.message },
    id: null,
  }),
};

const CODE_OF_ERROR: { readonly [C in ErrorCode]?: number } = {
  malformed_json: RPC_ERROR_CODES.parseError,
  unauthorized: RPC_ERROR_CODES.unauthorized,
  server_failed: RPC_ERROR_CODES.serverFailed,
  unavailable: RPC_ERROR_CODES.serverFailed,
  internal_error: RPC_ERROR_CODES.internalError,
};

/** The Gateway, the Servers API and the Accounts API have their own envelopes; everything else is the operator's. */
function envelopeOf(path: string): Envelope {
  const [, first] = path.split('/');
  if (first === 'mcp') {
    return GATEWAY;
  }
  return first === 'api' ? SERVERS : first === 'integration' || first === 'integrated-account' ? ACCOUNTS : OPERATOR;
}

/** Returns the headers that belong to an error. */
export const headersOf = ({ headers, retryAfterSeconds }: ApiError): Readonly<Record<string, string>> => ({
  ...headers,
  ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
});

/**
 * Renders an error as an answer, in the envelope of the requested API, with a link to its entry in the error catalogue.
 */
export function renderError(error: ApiError, path: string, publicUrl: string) {
  const envelope = envelopeOf(path);
  // A string: `json` would validate the answer, and an error about an error would come out as HTML.
  const body = JSON.stringify(envelope.body(error));
  return {
    status: envelope.status(error),
    headers: {
      ...headersOf(error),
      Link: helpLink(publicUrl, error.code),
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
    },
    body,
  };
}

/** Answers an error. Unexpected errors are logged, and answered without details. */
export type AnswerError = (thrown: unknown, request: Identified, response: ServerResponse, path: string) => void;

/** Creates the only function that answers errors. */
export function errorAnswerer(publicUrl: string, log: Logger): AnswerError {
  return (thrown, request, response, path) => {
    const error = asApiError(thrown);
    request.errorCode = error.code;
    if (error.internalMessage !== undefined) {
      const { internalMessage: reason, cause: err } = error;
      log.error({ err, reason, requestId: request.id, operation: request.operation?.id }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, headers, body } = renderError(error, path, publicUrl);
    if (!request.complete) {
      // Nobody reads the rest of the body; the client must not go on sending it.
      response.setHeader('Connection', 'close');
    }
    response.writeHead(status, headers).end(body);
  };
}

function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) {
    return thrown;
  }
  const cause = thrown;
  if (thrown instanceof DeletedMeanwhile) {
    return new ApiError('not_found', 'The object of this request was deleted meanwhile.', { cause });
  }
  if (thrown instanceof StoreUnavailable) {
    const { retryAfterSeconds } = thrown;
    const reason = thrown instanceof StoreBusy ? thrown.message : 'The database is temporarily unavailable.';
    return new ApiError('unavailable', `${reason} Nothing was changed. Try again.`, { retryAfterSeconds, cause });
  }
  if (thrown instanceof OverBudget) {
    return overBudget(thrown);
  }
  if (thrown instanceof QueueFull) {
    return new ApiError(
      'unavailable',
      'Your organization has too many waiting requests. Nothing was changed. Try again.',
      { retryAfterSeconds: 1, cause },
    );
  }
  if (thrown instanceof URIError) {
    return new ApiError('validation_failed', 'The path is not validly percent-encoded.', {
      mistakes: [{ field: 'path', message: 'is not validly percent-encoded', rule: 'encoding' }],
      cause,
    });
  }
  return internalError(thrown instanceof Error ? thrown.message : String(thrown), thrown);
}
