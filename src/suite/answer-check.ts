import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import {
  type Document,
  type Header,
  type Operation,
  operationsOf,
  type Response,
  resolve,
  type Schema,
} from '../contract/document.ts';
import { FORMATS } from '../contract/formats.ts';
import { apiOf } from './apis.ts';
import { parseJson } from './json.ts';

/** A complete answer. */
export type RawAnswer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** The statuses that each operation has answered so far, by operation id. */
export type Seen = ReadonlyMap<string, ReadonlySet<number>>;

export type AnswerCheck = {
  /**
   * Returns the violations of the document in an answer, as sentences; an empty list if there are none. `path` is the
   * requested path, without query. An answer to a method or a path that the document does not have must be an error of
   * its API.
   */
  readonly violations: (method: string, path: string, answer: RawAnswer) => string[];
  readonly seen: Seen;
};

/** Headers of a `default` response that only some statuses owe. */
const OWED_WITH: Readonly<Record<string, readonly number[]>> = { allow: [405], 'retry-after': [429, 503] };
const HELP_LINK = /^<[^<>]+>\s*;(?:.*;)?\s*rel="?help"?\s*(?:[;,]|$)/;

/** Creates the check of answers against a document: status, headers, media type and body. */
export function createAnswerCheck(document: Document): AnswerCheck {
  const operations = operationsOf(document).map((operation) => ({ operation, pattern: patternOf(operation.path) }));
  const seen = new Map<string, Set<number>>();
  const validator = VALIDATORS.get(document) ?? createValidator(document);
  VALIDATORS.set(document, validator);

  const broken = (status: number, documented: Response, isDefault: boolean, answer: RawAnswer): string[] => [
    ...brokenHeaders(validator, document, status, documented, isDefault, answer.headers),
    ...brokenBody(validator, documented, answer),
  ];

  return {
    seen,
    violations: (method, path, answer) => {
      const { status } = answer;
      const onPath = operations.filter(({ pattern }) => pattern.test(path)).map(({ operation }) => operation);
      const operation = onPath.find((candidate) => candidate.method === method.toLowerCase());
      if (operation === undefined) {
        const nearest = onPath[0] ?? operations.find((other) => apiOf(other.operation.path) === apiOf(path))?.operation;
        const responses = nearest?.object.responses.default;
        return nearest === undefined || responses === undefined
          ? []
          : [
              ...(status >= 400 ? [] : [`the document has no ${method} ${path}, but it was answered with ${status}`]),
              ...broken(status, resolve<Response>(document, responses), true, answer),
            ];
      }
      seen.set(operation.id, (seen.get(operation.id) ?? new Set()).add(status));
      const named = operation.object.responses[status];
      const documented = named ?? (status >= 400 ? operation.object.responses.default : undefined);
      return documented === undefined
        ? [`the status ${status} is not documented for ${operation.id}`]
        : broken(status, resolve<Response>(document, documented), named === undefined, answer);
    },
  };
}

/** Matches the paths of a template; a parameter is one segment. */
const patternOf = (path: Operation['path']): RegExp =>
  new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}$`);

type Validator = (schema: Schema) => ValidateFunction;

/** Kept for as long as their document: compiling schemas takes longer than all else here. */
const VALIDATORS = new WeakMap<Document, Validator>();

/** The document's components, to which references lead from every schema: each is compiled once. */
const SHARED = 'document';

/** Creates a compiler of the document's schemas. */
export function createValidator(document: Document): Validator {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['components', 'example', 'x-unknown-keys']);
  formats.default(ajv);
  for (const [name, { validate }] of Object.entries(FORMATS)) {
    ajv.addFormat(name, { type: 'string', validate });
  }
  ajv.addSchema({ components: document.components }, SHARED);
  const compiled = new Map<Schema, ValidateFunction>();
  return (schema) => {
    const validate = compiled.get(schema) ?? ajv.compile(withSharedReferences(schema));
    compiled.set(schema, validate);
    return validate;
  };
}

const withSharedReferences = (schema: Schema): Schema =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' ? `${SHARED}${value}` : value,
  );

function brokenHeaders(
  validator: Validator,
  document: Document,
  status: number,
  documented: Response,
  isDefault: boolean,
  headers: Headers,
): string[] {
  const names = Object.keys(documented.headers ?? {});
  const known = names.some((name) => name.toLowerCase() === 'x-request-id') ? names : ['X-Request-Id', ...names];
  return known.flatMap((name) => {
    const value = headers.get(name);
    const header = documented.headers?.[name];
    const { schema, required } = header === undefined ? ({} satisfies Header) : resolve<Header>(document, header);
    if (value === null) {
      // The document means a header that it shows, unless it says of it that it may be left out.
      const owed = required !== false && (!isDefault || (OWED_WITH[name.toLowerCase()]?.includes(status) ?? true));
      return owed ? [`the header ${name} is missing`] : [];
    }
    const read = schema?.type === 'integer' && /^\d+$/.test(value) ? Number(value) : value;
    const wrong = schema === undefined ? [] : mistakes(validator(schema), read, `the header ${name}`);
    return name.toLowerCase() === 'link' && !HELP_LINK.test(value)
      ? [...wrong, 'the header Link does not lead to help: <…>; rel="help"']
      : wrong;
  });
}

function brokenBody(validator: Validator, { content = {} }: Response, { headers, text }: RawAnswer): string[] {
  const type = (headers.get('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const wanted = Object.keys(content);
  if (wanted.length === 0) {
    return text === '' ? [] : ['there is a body, and none is documented'];
  }
  const media = content[type];
  if (media === undefined) {
    return [`the media type is ${type || 'missing'}, not ${wanted.join(' or ')}`];
  }
  const body = /[/+]json$/.test(type) ? parseJson(text) : text;
  if (body === undefined) {
    return ['the body is not JSON'];
  }
  return media.schema === undefined ? [] : mistakes(validator(media.schema), body, 'the body');
}

/** Says what is wrong and where, never the value: it may be a secret. */
function mistakes(validate: ValidateFunction, value: unknown, what: string): string[] {
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${what}${sentence(error)}`);
}

function sentence({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath.replaceAll('/', '.');
  const more: Readonly<Record<string, string>> = {
    additionalProperties: `: ${params.additionalProperty}`,
    const: `: ${JSON.stringify(params.allowedValue)}`,
    enum: `: ${JSON.stringify(params.allowedValues)}`,
  };
  return `${where} ${message}${more[keyword] ?? ''}`;
}
