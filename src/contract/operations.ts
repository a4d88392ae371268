import type { operations, Readable, Writable } from '../../generated/api.ts';
import type { RawOperationId } from '../../generated/raw-operations.ts';
import type { Caller } from '../base/caller.ts';
import type { MemoryScope } from '../base/memory-scope.ts';

/** Every operation of the document; those that receive events are carried out by others. */
export type OperationId = Exclude<keyof operations, `receive${string}`>;

/** Operations whose JSON is validated both ways. */
export type JsonOperationId = Exclude<OperationId, RawOperationId>;

type Op<K extends OperationId> = operations[K];
type Part<P> = [NonNullable<P>] extends [never] ? Record<never, never> : NonNullable<P>;
type Json<T> = T extends { content: infer C } ? C[keyof C & `${string}json`] : never;
type Success<K extends OperationId> = Extract<keyof Op<K>['responses'], 200 | 201>;
type DocumentedHeaders<R> = R extends { headers: infer H } ? { readonly [N in keyof H as OwnHeader<N>]: H[N] } : never;
/** The headers that a handler owes; the index signature and those that every answer gets are not among them. */
type OwnHeader<N> = string extends N ? never : number extends N ? never : N extends 'X-Request-Id' ? never : N;

/** The input of a handler: the validated parts of the request, without read-only properties. */
export type Input<K extends OperationId> = {
  readonly params: Part<Op<K>['parameters']['path']>;
  readonly query: Part<Op<K>['parameters']['query']>;
  readonly headers: { readonly [N in keyof Part<Op<K>['parameters']['header']> as Lowercase<N & string>]?: string };
  readonly body: Op<K> extends { requestBody: infer B } ? Writable<Json<B>> : undefined;
  readonly caller: Caller;
  /** The network address that the request came from. */
  readonly address: string;
  /** The memory that is held until the answer is sent. */
  readonly memory: MemoryScope;
};

declare const sealed: unique symbol;
/**
 * An answer of one operation. Only `respond` creates it, so a handler cannot forget to answer, or answer for another
 * operation.
 */
export type Reply<K extends OperationId> = { readonly [sealed]: K };

/**
 * Makes the answer of an operation from a documented success status, its body without write-only properties, and the
 * headers documented for it. The compiler checks an argument for excess properties, but not a returned literal.
 */
export type Respond<K extends OperationId> = <S extends Success<K>>(
  status: S,
  body: Readable<Json<Op<K>['responses'][S]>>,
  ...headers: keyof DocumentedHeaders<Op<K>['responses'][S]> extends never
    ? []
    : [DocumentedHeaders<Op<K>['responses'][S]>]
) => Reply<K>;

/** The handler of one operation, typed by the document. */
export type Handler<K extends OperationId> = (input: Input<K>, respond: Respond<K>) => Reply<K> | Promise<Reply<K>>;

/** One handler for each of the operations `K`: the compiler rejects missing and extra handlers. */
export type Handlers<K extends JsonOperationId = JsonOperationId> = { readonly [P in K]: Handler<P> };
