import type { OverBudget } from './memory-budget.ts';

/**
 * The one error catalogue. Domain code throws these errors, and each API renders them in its own envelope. The
 * documentation page `errors.md` is generated from it.
 */
export const CATALOGUE = {
  validation_failed: {
    status: 400,
    title: 'Validation failed',
    meaning: 'The request breaks a rule of the OpenAPI document. The answer lists every mistake with its place.',
    remedy: 'Correct each listed mistake. Remove unknown keys: the server never ignores them.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    meaning: 'The body is not valid JSON.',
    remedy: 'Send one complete JSON object, encoded in UTF-8.',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    meaning: 'The server cannot parse the request as HTTP.',
    remedy:
      'Check the request that your client, or a proxy in between, sends. Common causes are two body lengths, a missing Host header, or a character that is not allowed in headers.',
  },
  mixed_organizations: {
    status: 400,
    title: 'Credentials of two organizations',
    meaning:
      'The API token and the key pair that you signed in with, or your memberships, belong to two organizations. Nobody was signed in.',
    remedy: 'Sign in with credentials of one organization, and sign in again for the other.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    meaning: 'The credentials are missing, wrong, expired or incomplete.',
    remedy:
      'Send the credentials that the operation requires. Lost credentials cannot be recovered: ask the operator for new ones.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    meaning:
      'The credentials are valid but do not permit this request, or the host or browser origin of the request is not allowed.',
    remedy:
      'Use credentials with the permission that the answer names. If the host or origin is refused, use the public URL of the server and add the browser origin to GATEHOUSE_CORS_ORIGINS.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    meaning:
      'The path does not exist, or the object does not exist for these credentials. Objects of other organizations are not visible to you.',
    remedy: 'Check the path and the id. Check that your credentials belong to the organization that owns the object.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path does not support this method.',
    remedy: 'Use a method that the Allow header lists.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    meaning: 'The complete request did not arrive in time.',
    remedy: 'Send it again over a faster connection.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    meaning: 'The current state of the object does not allow this request.',
    remedy: 'Do the step that the answer names, then try again.',
  },
  quota_exceeded: {
    status: 409,
    title: 'Quota exceeded',
    meaning:
      'The organization has reached a quota that the operator set, or it has the maximum number of webhooks, or the server or account has the maximum number of tool approvals. Nothing was changed, and existing objects continue to work.',
    remedy:
      'Delete objects that you do not need. If the answer names a quota, you can also ask the operator of the gateway to raise it. The operator reads the usage of an organization at `GET /admin/api/v1/organizations/{org_id}/usage`.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    meaning: 'The object has changed since the version in your If-Match header. Nothing was done.',
    remedy: 'Read the object again, apply your change to the current version, and send its new ETag.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    meaning: 'The body is larger than this operation accepts.',
    remedy: 'Send a body within the limit that the answer names.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'The body is not JSON in UTF-8, or its compression is not supported.',
    remedy: 'Send Content-Type: application/json.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    meaning:
      'These credentials send more requests than the operator allows, or the pending requests of their organization use its whole share of the memory. When signing in: there were too many wrong sign-ins from your address; right credentials still work.',
    remedy: 'Wait for the number of seconds in Retry-After. Read the answers of your pending requests.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    meaning: 'The URL and the headers together are larger than 16 KiB.',
    remedy: 'Send a shorter URL and fewer or shorter headers.',
  },
  server_failed: {
    status: 502,
    title: 'Server failed',
    meaning:
      'The MCP server behind the gateway is unreachable, refuses the request, or does not answer as the protocol requires.',
    remedy: 'The answer names the server and describes the failure. Check the server, its URL and its headers.',
  },
  reload_failed: {
    status: 500,
    title: 'Reload failed',
    meaning:
      'A server cannot start with the new configuration. Nothing was saved, and the previous configuration remains in use.',
    remedy:
      'The answer names the reason. Correct the configuration, or save it anyway with `Prefer: handling=lenient`.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning: 'The gateway failed unexpectedly. Its log contains the reason under the request id.',
    remedy: 'Try again. If the error persists, send the X-Request-Id to the operator.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    meaning:
      'The database is temporarily unavailable, or there is not enough memory for the request. Nothing was changed.',
    remedy: 'Try again after the number of seconds in Retry-After.',
  },
} as const;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof CATALOGUE;

/** One mistake in a request. `field` is its place (`body.name`, `query.limit`, `path.org_id`); `rule` is the broken rule. */
export type Mistake = { readonly field: string; readonly message: string; readonly rule: string };

/**
 * One value that breaks a domain rule. `path` leads to it in domain names; the API maps the path to a place in its
 * request.
 */
export type InvalidValue = { readonly path: readonly string[]; readonly message: string; readonly rule: string };

type Extra = {
  /** Replaces the title of the catalogue: "MCP server not found". */
  readonly title?: string;
  readonly mistakes?: readonly (Mistake | InvalidValue)[];
  /** Whole seconds after which the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** HTTP headers. Only HTTP handlers set them, never domain rules. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Extra members, if the envelope of the API has a place for them: inside the error, and beside it. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly beside?: Readonly<Record<string, unknown>>;
  /** For the log only; callers never see it. */
  readonly internalMessage?: string;
  /** The underlying error, for the log only. */
  readonly cause?: unknown;
};

/**
 * An error for the caller: a code of the catalogue and a sentence that helps the caller. `message` is public;
 * `internalMessage` and `cause` are not.
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

/** Returns the value of a `Link` header to the catalogue entry of an error. */
export const helpLink = (publicUrl: string, code: ErrorCode): string =>
  `<${publicUrl}/docs/errors.html#${code}>; rel="help"`;

/** 400 (422 in the Operator API): all mistakes of a request in one error. */
export const invalid = (mistakes: readonly (Mistake | InvalidValue)[]): ApiError =>
  new ApiError('validation_failed', 'Request failed validation.', { mistakes });

/** The same for one invalid value in domain terms. */
export const invalidValue = (path: readonly string[], message: string, rule: string, cause?: unknown): ApiError =>
  new ApiError('validation_failed', 'Request failed validation.', { mistakes: [{ path, message, rule }], cause });

/** 500. The cause and `internalMessage` go to the log only. */
export const internalError = (internalMessage: string, cause: unknown): ApiError =>
  new ApiError('internal_error', 'Internal Server Error: see the log of the server under this X-Request-Id.', {
    internalMessage,
    cause,
  });

/** 429 if the organization has used its share of the memory; 503 if all memory is used. */
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

/** 404. `what` names the kind of object in the terms of its API. */
export const notFound = (what: string, detail: string): ApiError =>
  new ApiError('not_found', detail, { title: `${what} not found` });

/** 409. */
export const conflict = (detail: string): ApiError => new ApiError('conflict', detail);

/** 403. */
export const forbidden = (detail: string): ApiError => new ApiError('forbidden', detail);

/** 412. */
export const preconditionFailed = (): ApiError =>
  new ApiError('precondition_failed', 'The object has changed since you read it; read it again.');
