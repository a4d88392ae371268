import type { FetchOptions } from 'openapi-fetch';
import type { components, operations, Readable } from '../../generated/api.ts';
import type { OperationId } from '../contract/operations.ts';

/** The parts of a valid request: the parameters of an operation (`path`, `query`, `header`), and its `body`. */
export type Valid<Id extends OperationId> = operations[Id]['parameters'] &
  Pick<FetchOptions<operations[Id]>, Extract<keyof FetchOptions<operations[Id]>, 'body'>>;

/** The last argument of a valid request, which may be left out where nothing in it is required. */
export type ValidArguments<Id extends OperationId> =
  Record<never, never> extends Valid<Id> ? [valid?: Valid<Id>] : [valid: Valid<Id>];

/** The operations that answer errors as the named response of the document. */
export type OperationWith<R extends keyof components['responses']> = {
  [Id in OperationId]: operations[Id]['responses'] extends { default: components['responses'][R] } ? Id : never;
}[OperationId];

/** The parts of any request, right or wrong. */
export type Sent = {
  /** The parameters of the path, not encoded. */
  readonly path?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly header?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, in place of `body`. */
  readonly text?: string;
};

type Responses<Id extends OperationId> = operations[Id]['responses'];
type Json<R> = R extends { content: infer C } ? Readable<C[keyof C & `${string}json`]> : unknown;

/** The JSON that the document has for statuses of an operation. */
export type AnswerJson<Id extends OperationId, Status extends number> = number extends Status
  ? unknown
  : Status extends keyof Responses<Id>
    ? Json<Responses<Id>[Status]>
    : Responses<Id> extends { default: infer R }
      ? Json<R>
      : unknown;
