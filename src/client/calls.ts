import type { FetchOptions, Middleware, ParseAs } from 'openapi-fetch';
import type { paths, Readable } from '../../generated/api.ts';

/** The methods that the document uses, as the client names them. */
export type ClientMethod = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** The paths of the document that have a method. */
export type PathOf<M extends ClientMethod> = {
  [P in keyof paths]: paths[P] extends { [K in Lowercase<M>]: object } ? P : never;
}[keyof paths];

/** The operation at a path. */
export type OperationAt<M extends ClientMethod, P extends PathOf<M>> = paths[P] extends { [K in Lowercase<M>]: infer O }
  ? O
  : never;

/** The parameters and the body of an operation, and what `fetch` takes. */
export type CallInit<M extends ClientMethod, P extends PathOf<M>> = FetchOptions<OperationAt<M, P>>;

/**
 * Calls one operation. The compiler refuses keys of parameters and bodies that the document does not have: `init` is no
 * type parameter, because the type of what is given has no key too many.
 */
export type Call<M extends ClientMethod> = <P extends PathOf<M>, As extends ParseAs = 'json'>(
  path: P,
  ...init: Optional<CallInit<M, P>, { parseAs?: As }>
) => Promise<Answer<OperationAt<M, P>, As>>;

/** The arguments: the last may be left out where nothing in it is required. */
type Optional<Init, More> = Record<never, never> extends Init ? [init?: Init & More] : [init: Init & More];

/** One function for each method of HTTP, typed by the document: `client.GET('/api/mcp-servers')`. */
export type GatehouseClient = { readonly [M in ClientMethod]: Call<M> } & {
  /** Adds middleware of openapi-fetch. */
  readonly use: (...middleware: Middleware[]) => void;
  readonly eject: (...middleware: Middleware[]) => void;
};

/**
 * What a call resolves with: `data` for a success, `error` for everything else. `status` tells the documented answers
 * apart. A proxy on the way may answer with what the document does not have.
 */
export type Answer<Operation, As extends ParseAs = 'json'> = Operation extends { responses: infer R }
  ? { [S in keyof R]: AnswerWith<R, S, As> }[keyof R]
  : never;

type AnswerWith<R, S extends keyof R, As extends ParseAs> = S extends SuccessStatus
  ? { status: S; data: Parsed<BodyOf<R[S], undefined>, As>; error?: never; response: Response }
  : S extends 'default'
    ? { status: Exclude<ErrorStatus, keyof R>; data?: never; error: BodyOf<R[S], ''>; response: Response }
    : { status: S; data?: never; error: BodyOf<R[S], ''>; response: Response };

type BodyOf<R, Empty> = R extends { content: Record<string, infer B> } ? Readable<B> : Empty;

type Parsed<B, As extends ParseAs> = As extends 'json'
  ? B
  : { text: string; blob: Blob; arrayBuffer: ArrayBuffer; stream: Response['body'] }[Exclude<As, 'json'>];

type SuccessStatus = 200 | 201 | 202 | 203 | 204 | 205 | 206;

/** The statuses of RFC 9110, section 15, and RFC 6585 that `default` can stand for. */
type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 406
  | 408
  | 409
  | 410
  | 411
  | 412
  | 413
  | 414
  | 415
  | 416
  | 417
  | 421
  | 422
  | 426
  | 428
  | 429
  | 431
  | 500
  | 501
  | 502
  | 503
  | 504
  | 505;
