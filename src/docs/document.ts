import { type Document, type Example, type Operation, operationsOf, resolve } from '../contract/document.ts';

/** A JSON Schema, with the keywords that the documentation reads. */
export type DocsSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly uniqueItems?: boolean;
  readonly pattern?: string;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, DocsSchema>>;
  readonly additionalProperties?: boolean | DocsSchema;
  readonly items?: DocsSchema;
  readonly allOf?: readonly DocsSchema[];
  readonly anyOf?: readonly DocsSchema[];
  readonly oneOf?: readonly DocsSchema[];
};

export type DocsParameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: DocsSchema;
  readonly example?: unknown;
};

export type MediaType = {
  readonly schema?: DocsSchema;
  readonly examples?: Readonly<Record<string, Example & { readonly summary?: string }>>;
};
export type Content = Readonly<Record<string, MediaType>>;

export type DocsResponse = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string } | { readonly description?: string }>>;
  readonly content?: Content;
};

/** The place of a credential in a request, and its name in the document and in the typed client. */
export type Credential = {
  readonly name: string;
  readonly header: string;
  /** The text before the secret in the header: `Bearer `, the name of a cookie, or nothing. */
  readonly prefix: string;
  readonly description: string;
  /** The permissions that the credentials must have. */
  readonly permissions: readonly string[];
};

/** An operation with all facts for its documentation, without references. */
export type DocsOperation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly credentials: readonly Credential[];
  /** Whether the session of a person will do in their place. */
  readonly takesSessions: boolean;
  readonly parameters: readonly DocsParameter[];
  readonly body: { readonly description?: string; readonly content: Content } | undefined;
  readonly responses: readonly (readonly [status: string, response: DocsResponse])[];
};

/** The operations of one API, under its name: "Servers API". */
export type DocsGroup = { readonly name: string; readonly operations: readonly DocsOperation[] };

/** The document, with the members that only the documentation reads. */
export type DocsDocument = Document & {
  readonly info: { readonly summary: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly 'x-tagGroups': readonly { readonly name: string; readonly tags: readonly string[] }[];
};

type Described = {
  readonly description: string;
  readonly tags: readonly string[];
};
type Scheme = {
  readonly type: string;
  readonly in?: string;
  readonly name?: string;
  readonly scheme?: string;
  readonly description?: string;
};

/** Returns the document with its texts; the linter ensures that every document has them. */
export const docsDocument = (document: Document): DocsDocument => document as DocsDocument;

/** Returns the URL in the document; samples show it unless the user gives another. */
export const defaultServer = (document: Document): string => docsDocument(document).servers[0]?.url ?? '';

/** Returns an operation for the documentation. Throws for a security scheme that samples do not support. */
export function docsOperation(document: Document, operation: Operation): DocsOperation {
  const { id, method, path, object } = operation;
  const described = object as unknown as Described;
  return {
    id,
    method: method.toUpperCase(),
    path,
    summary: object.summary,
    description: described.description,
    tags: described.tags,
    credentials: Object.entries(object.security?.[0] ?? {}).map(([name, permissions]) =>
      credential(document, name, permissions),
    ),
    takesSessions: object.security?.slice(1).some(({ session }) => session !== undefined) === true,
    parameters: operation.parameters,
    body: operation.body as DocsOperation['body'],
    responses: Object.entries(object.responses).map(([status, response]) => [
      status,
      resolve(document, response) as DocsResponse,
    ]),
  };
}

/** Returns all operations by API, in the order of the document. */
export function docsGroups(document: Document): DocsGroup[] {
  const operations = operationsOf(document).map((operation) => docsOperation(document, operation));
  const order = new Map(Object.keys(document.paths).map((path, index) => [path, index]));
  const inOrder = operations.toSorted((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0));
  return docsDocument(document)['x-tagGroups'].map(({ name, tags }) => ({
    name,
    operations: tags.flatMap((tag) => inOrder.filter((operation) => operation.tags[0] === tag)),
  }));
}

function credential(document: Document, name: string, permissions: readonly string[]): Credential {
  const scheme = document.components.securitySchemes?.[name] as Scheme | undefined;
  const header = scheme?.type === 'apiKey' ? scheme.name : scheme?.scheme === 'bearer' ? 'Authorization' : undefined;
  if (header === undefined) {
    throw new Error(`The documentation cannot show the security scheme ${name}.`);
  }
  const description = scheme?.description ?? '';
  if (scheme?.in === 'cookie') {
    return { name, header: 'Cookie', prefix: `${scheme.name}=`, description, permissions };
  }
  const prefix = scheme?.scheme === 'bearer' ? 'Bearer ' : '';
  return { name, header, prefix, description, permissions };
}
