import { isObject } from '../../base/is-object.ts';

type Json = Readonly<Record<string, unknown>>;

/** A parameter of an operation. */
export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly example: string;
};

/** An operation as this page needs it. */
export type Operation = {
  readonly id: string;
  /** In lower case. */
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** The examples of the body, as JSON text; null where there is no body. */
  readonly bodies: readonly { readonly summary: string; readonly text: string }[] | null;
  /** The alternatives of the credentials: each names schemes, and the permissions that they must have. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Returns the operations of an OpenAPI document whose references stay inside of it, in its order. */
export function operationsOf(document: Json): Operation[] {
  const at = (value: unknown): Json => {
    const node = objectOf(value);
    return typeof node.$ref === 'string' ? at(follow(document, node.$ref)) : node;
  };
  return Object.entries(objectOf(document.paths)).flatMap(([path, item]) =>
    METHODS.filter((method) => isObject(objectOf(item)[method])).map((method) => {
      const own = at(objectOf(item)[method]);
      const parameters = [...listOf(objectOf(item).parameters), ...listOf(own.parameters)];
      const content = objectOf(at(own.requestBody).content)['application/json'];
      return {
        id: String(own.operationId),
        method,
        path,
        tag: String(listOf(own.tags)[0]),
        summary: String(own.summary),
        description: String(own.description ?? ''),
        parameters: parameters.map((parameter) => parameterOf(at(parameter))).filter(({ name }) => name !== BROWSERS),
        bodies: content === undefined ? null : bodiesOf(objectOf(content), at),
        security: listOf(own.security ?? document.security) as Operation['security'],
      };
    }),
  );
}

/** The browser sets this header. No page can. */
const BROWSERS = 'Sec-Fetch-Site';

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the place of a document that a reference such as `#/components/schemas/Pet` names (RFC 6901). */
const follow = (document: Json, reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce<unknown>((node, name) => objectOf(node)[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);

const parameterOf = ({ name, in: place, required, description, example }: Json): Parameter => ({
  name: String(name),
  in: place === 'path' || place === 'header' ? place : 'query',
  required: required === true,
  description: String(description ?? ''),
  example: example === undefined ? '' : String(example),
});

const bodiesOf = ({ examples }: Json, at: (value: unknown) => Json): NonNullable<Operation['bodies']> =>
  Object.entries(objectOf(examples)).map(([name, example]) => {
    const { summary, value } = at(example);
    return { summary: String(summary ?? name), text: JSON.stringify(value, null, 2) };
  });

/** Whether a session with some permissions may do an operation. */
export const covers = ({ security }: Operation, permissions: readonly string[]): boolean =>
  security.length === 0 ||
  security.some(({ session }) => session?.every((permission) => permissions.includes(permission)) ?? false);

const SCHEMES: Readonly<Record<string, string>> = {
  apiToken: 'an API token',
  apiKey: 'a key pair',
  operatorToken: 'the operator token',
  endpointToken: 'the token of an endpoint',
  session: 'a person who has signed in',
};

/** The credentials that an operation wants, as words such as `a key pair with the permissions servers and approvals`. */
export const wantedBy = ({ security }: Operation): string =>
  security
    .flatMap((alternative) => Object.entries(alternative))
    .filter(([scheme]) => scheme !== 'session' && scheme in SCHEMES)
    .map(
      ([scheme, permissions]) => `${SCHEMES[scheme]}${permissions.length === 0 ? '' : ` with ${listed(permissions)}`}`,
    )
    .join(' or ');

const listed = (permissions: readonly string[]): string =>
  `the permission${permissions.length === 1 ? '' : 's'} ${permissions.join(' and ')}`;
