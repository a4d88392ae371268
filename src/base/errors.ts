import type { OverBudget } from './memory-budget.ts';

/**
 * The one error catalogue. Domain code throws what is made here; each API renders it in its own envelope; the
 * documentation page `errors.md` is made from it.
 */
export const CATALOGUE = {
  validation_failed: {
    status: 400,
    title: 'Validation failed',
    meaning: 'The request breaks a rule of the document. Every mistake is named with its place.',
    remedy:
      'Correct the places that the answer names. A key that is named as unknown was ignored by nobody: leave it out.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    meaning: 'The body cannot be read as JSON.',
    remedy: 'Send one JSON object, in UTF-8, whole.',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    meaning: 'What arrived is not HTTP as the server can read it.',
    remedy:
      'Look at what the client or a proxy on the way sends: two lengths, a missing Host, a character that headers forbid.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    meaning: 'The credentials are missing, wrong, expired or incomplete.',
    remedy:
      'Send the credentials that the operation names. Lost ones cannot be read again: have the operator make new ones.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    meaning:
      'The credentials are known but do not allow this, or the request comes from a host or a page that may not ask.',
    remedy:
      'Use a key pair with the permission that the answer names; or reach the server under its public URL, and list the browser origin in GATEHOUSE_CORS_ORIGINS.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    meaning:
      'There is no such path, or no such object that you may see. Objects of other organizations do not exist for you.',
    remedy: 'Check the path and the id, and that the credentials belong to the organization that owns the object.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, but not with this method.',
    remedy: 'Use one of the methods in the Allow header.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    meaning: 'The request did not arrive whole in time.',
    remedy: 'Send it again, over a connection that is fast enough.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    meaning: 'The object is in a state in which this cannot be done.',
    remedy: 'Do first what the answer names.',
  },
  quota_exceeded: {
    status: 409,
    title: 'Quota exceeded',
    meaning:
      'The organization has as much as the operator allows of what would be added, or the server has as many tool approvals as it may have. Nothing was changed; what it has stays and works.',
    remedy:
      'Delete what is not needed, or, where the answer names a quota, ask the operator of the gateway to raise it. The operator sees what an organization has at `GET /admin/api/v1/organizations/{org_id}/usage`.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    meaning: 'The object has changed since the version that If-Match names. Nothing was done.',
    remedy: 'Read the object again, apply your change to what is there now, and send its new ETag.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    meaning: 'The body is larger than this operation takes.',
    remedy: 'Send less than the limit that the answer names.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'The body is not JSON in UTF-8, or it is compressed in an unknown way.',
    remedy: 'Send Content-Type: application/json.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning:
      'These credentials ask more often than the operator allows, or what their organization has under way fills its share of the memory.',
    remedy: 'Wait as many seconds as Retry-After says; read the answers of the requests that are under way.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    meaning: 'The URL and the headers together are larger than the server takes (16 KiB).',
    remedy: 'Send a shorter URL and fewer or shorter headers.',
  },
  server_failed: {
    status: 502,
    title: 'Server failed',
    meaning:
      'The MCP server behind this cannot be reached, refuses what it is sent, or does not answer as the protocol wants.',
    remedy: 'The answer names the server and what was seen of it. Look after the server, its URL and its headers.',
  },
  reload_failed: {
    status: 500,
    title: 'Reload failed',
    meaning:
      'A server cannot be brought up as it would be configured. Nothing was saved, and what served before still does.',
    remedy:
      'The answer names the reason. Correct the configuration; or save it nevertheless with `Prefer: handling=lenient`.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning: 'Something failed that should not. The reason is in the log of the server, under the request id.',
    remedy: 'Try again; if it stays, tell the operator the X-Request-Id.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    meaning: 'The database cannot be used right now, or there is no memory for the request. Nothing was changed.',
    remedy: 'Try again after as many seconds as Retry-After says.',
  },
} as const;

export type ErrorCode = keyof typeof CATALOGUE;

/** One mistake of a request: `field` is its place (`body.name`, `query.limit`, `path.org_id`), `rule` the broken rule. */
export type Mistake = { readonly field: string; readonly message: string; readonly rule: string };

/**
 * One value that breaks a rule of the domain: `path` leads to it, by the domain's names. The API that was asked says
 * where that is in its request.
 */
export type InvalidValue = { readonly path: readonly string[]; readonly message: string; readonly rule: string };

type Extra = {
  /** In place of the catalogue's title, where the thing has a name: "MCP server not found". */
  readonly title?: string;
  readonly mistakes?: readonly (Mistake | InvalidValue)[];
  /** Whole seconds after which the same may succeed. */
  readonly retryAfterSeconds?: number;
  /** Of HTTP. For doors: rules know of none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** More, where the API has a place for it: in the error itself, and beside it. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly beside?: Readonly<Record<string, unknown>>;
  /** What the log says and no caller reads. */
  readonly internalMessage?: string;
  /** What led to it; for the log. */
  readonly cause?: unknown;
};

/**
 * An error that the caller is meant to see: a code of the catalogue and a sentence that says what to do. Its `message` is
 * public; `internalMessage` and `cause` are not.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly title: string;
  readonly mistakes: readonly (Mistake | InvalidValue)[];
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Extra['details'];
  readonly beside: Extra['beside'];
  readonly internalMessage: string | undefined;

  constructor(code: ErrorCode, publicMessage: string, extra: Extra = {}) {
    super(publicMessage, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.title = extra.title ?? CATALOGUE[code].title;
    this.mistakes = extra.mistakes ?? [];
    this.retryAfterSeconds = extra.retryAfterSeconds;
    this.headers = extra.headers ?? {};
    this.details = extra.details;
    this.beside = extra.beside;
    this.internalMessage = extra.internalMessage;
  }
}

/** The value of a `Link` header to the entry of an error in the catalogue. */
export const helpLink = (publicUrl: string, code: ErrorCode): string =>
  `<${publicUrl}/docs/errors.md#${code}>; rel="help"`;

/** 400 (422 in the Operator API): all mistakes of a request, together. */
export const invalid = (mistakes: readonly (Mistake | InvalidValue)[]): ApiError =>
  new ApiError('validation_failed', 'Request failed validation.', { mistakes });

/** The same for one value that a rule was given. */
export const invalidValue = (path: readonly string[], message: string, rule: string, cause?: unknown): ApiError =>
  new ApiError('validation_failed', 'Request failed validation.', { mistakes: [{ path, message, rule }], cause });

/** 500: what failed goes to the log only. */
export const internalError = (internalMessage: string, cause: unknown): ApiError =>
  new ApiError('internal_error', 'Internal Server Error: see the log of the server under this X-Request-Id.', {
    internalMessage,
    cause,
  });

/** 429 where an organization has used up its share of the memory, 503 where all is used up. */
export const overBudget = (cause: OverBudget): ApiError =>
  cause.shortage === 'share'
    ? new ApiError(
        'rate_limited',
        'What is under way fills the share of the memory that you may use. Wait until other requests of yours are through, and try again.',
        { retryAfterSeconds: 1, cause },
      )
    : new ApiError('unavailable', 'There is no memory for this request right now. Try again.', {
        retryAfterSeconds: 1,
        cause,
      });

/** 404: `what` is the kind of thing in the words of its API. */
export const notFound = (what: string, detail: string): ApiError =>
  new ApiError('not_found', detail, { title: `${what} not found` });

/** 409. */
export const conflict = (detail: string): ApiError => new ApiError('conflict', detail);

/** 403. */
export const forbidden = (detail: string): ApiError => new ApiError('forbidden', detail);

/** 412. */
export const preconditionFailed = (): ApiError =>
  new ApiError('precondition_failed', 'The object has changed since you read it; read it again.');
