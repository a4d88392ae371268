import type { OperationId } from './operations.ts';

/** The HTTP methods of the document, in lower case. */
export const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;
/** An HTTP method of the document. */
export type Method = (typeof METHODS)[number];

/** A JSON Schema, with the keywords that the program reads. */
export type Schema = {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly 'x-unknown-keys'?: Readonly<Record<string, string>>;
};
/** An example of a body. */
export type Example = {
  readonly value: unknown;
  /** The status of the answer, in the examples of a `default` response. */
  readonly 'x-status'?: number;
  /** The headers of this answer that others of the same response do not have, or have with another value. */
  readonly 'x-headers'?: Readonly<Record<string, string | number>>;
};
/** A header of answers. */
export type Header = {
  readonly required?: boolean;
  readonly schema?: Schema & { readonly type?: unknown };
  readonly example?: string | number;
};
/** An answer of an operation. */
export type Response = {
  readonly headers?: Readonly<Record<string, Header | { readonly $ref: string }>>;
  readonly content?: Content;
};
type Content = Readonly<
  Record<string, { readonly schema?: Schema; readonly examples?: Readonly<Record<string, Example>> }>
>;
/** The request body of an operation. */
export type RequestBody = { readonly required?: boolean; readonly content: Content };
/** A parameter of an operation. */
export type Parameter = { readonly name: string; readonly in: 'path' | 'query' | 'header'; readonly schema?: Schema };

/** An operation object of the document. */
export type OperationObject = {
  readonly operationId: OperationId;
  readonly summary: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: RequestBody | { readonly $ref: string };
  readonly responses: Readonly<Record<string, Response & { readonly $ref?: string }>>;
  readonly 'x-raw'?: boolean;
  /** The maximum number of bytes of a body, if it differs from the default. */
  readonly 'x-body-limit'?: number;
  /** The key of the body that handlers get as bytes: a text unchanged, any other value as JSON. */
  readonly 'x-opaque'?: string;
};
type PathItem = { readonly parameters?: OperationObject['parameters'] } & { readonly [M in Method]?: OperationObject };

/** The bundled document, with the members that the program reads. */
export type Document = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  /** The events that are sent, by their types: requests that others answer. */
  readonly webhooks: Readonly<Record<string, { readonly post: { readonly tags: readonly string[] } }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** One operation of the document with its place in it. */
export type Operation = {
  readonly id: OperationId;
  readonly method: Method;
  readonly path: string;
  readonly raw: boolean;
  /** Whether requests are checked against the document before the handler gets them. */
  readonly isValidated: boolean;
  readonly object: OperationObject;
  readonly parameters: readonly Parameter[];
  readonly body: RequestBody | undefined;
};

/** Follows a `$ref` inside the document; returns any other value unchanged. Throws if the target is missing. */
export function resolve<T>(document: Document, node: T | { readonly $ref: string }): T {
  if (typeof node !== 'object' || node === null || !('$ref' in node) || typeof node.$ref !== 'string') {
    return node as T;
  }
  const target = node.$ref
    .replace('#/', '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);
  if (target === undefined) {
    throw new Error(`${node.$ref} is not in the document`);
  }
  return resolve(document, target as T);
}

/** Returns all operations, static paths before templated ones, so that a router may use the first match. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths)
    .toSorted(([a], [b]) => sortKey(a).localeCompare(sortKey(b)))
    .flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const object = item[method];
        if (object === undefined) {
          return [];
        }
        const parameters = [...(item.parameters ?? []), ...(object.parameters ?? [])].map((parameter) =>
          resolve<Parameter>(document, parameter),
        );
        return {
          id: object.operationId,
          method,
          path,
          raw: object['x-raw'] === true,
          isValidated: object['x-raw'] !== true || object.security?.some(({ apiKey }) => apiKey !== undefined) === true,
          object,
          body: resolve<RequestBody | undefined>(document, object.requestBody),
          // An operation's own parameter goes before its path's of the same name and place.
          parameters: [
            ...new Map(parameters.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter])).values(),
          ],
        };
      }),
    );
}

const sortKey = (path: string): string => path.replaceAll('{', '\uffff');
