import { invalid } from '../base/errors.ts';
import { type Document, type Header, type Operation, type Response, resolve } from '../contract/document.ts';

/** The answer that a client wants of the mock. */
export type Preferences = {
  readonly code?: number;
  readonly example?: string;
  /** Whether the body is made from its schema instead of an example. */
  readonly dynamic?: boolean;
};

/** One documented answer of an operation. */
export type Choice = {
  readonly status: number;
  /** The name of the example; null where the answer has none. */
  readonly name: string | null;
  /** The media type of the example; null where the answer has none. */
  readonly type: string | null;
  readonly headers: Readonly<Record<string, string | number>>;
};

/** Reads the preferences of the mock in a `Prefer` header (RFC 7240): `code=429, example=rate_limited, dynamic=true`. */
export function readPreferences(header: string | undefined): Preferences {
  const given = new Map(
    [...(header ?? '').matchAll(/(?:^|[,;])\s*(code|example|dynamic)\s*=\s*"?([^\s",;]+)"?/gi)].map(
      ([, name = '', value = '']) => [name.toLowerCase(), value],
    ),
  );
  const [code, example, dynamic] = ['code', 'example', 'dynamic'].map((name) => given.get(name));
  return {
    ...(code !== undefined && { code: Number(code) }),
    ...(example !== undefined && { example }),
    ...(dynamic !== undefined && { dynamic: dynamic === 'true' }),
  };
}

/** Returns the documented answers of an operation, once for each example. Those of success come first. */
export function choicesOf(document: Document, { object }: Operation): Choice[] {
  const responses = Object.entries(object.responses).toSorted(([a], [b]) => Number(isError(a)) - Number(isError(b)));
  return responses.flatMap(([status, named]): Choice[] => {
    const response = resolve<Response>(document, named);
    // The headers of a default response belong to some of its statuses only.
    const headers = status === 'default' ? {} : exampleHeaders(document, response);
    const examples = Object.entries(response.content ?? {})
      .flatMap(([type, content]) =>
        Object.entries(content.examples ?? {}).map(([name, example]) => ({ type, name, example })),
      )
      // A response of its own takes the place of the default one.
      .filter(
        ({ example: { 'x-status': answered } }) => answered === undefined || !Object.hasOwn(object.responses, answered),
      );
    return examples.length === 0
      ? [{ status: Number(status), name: null, type: null, headers }]
      : examples.map(({ type, name, example }) => ({
          status: example['x-status'] ?? Number(status),
          name,
          type,
          headers: { ...headers, ...example['x-headers'] },
        }));
  });
}

/** The examples of the headers that every answer has; the id of a request is its own. */
const exampleHeaders = (document: Document, { headers = {} }: Response): Choice['headers'] =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, header]) => [name, resolve<Header>(document, header)] as const)
      .flatMap(([name, { required, example }]) =>
        name === 'X-Request-Id' || required === false || example === undefined ? [] : [[name, example]],
      ),
  );

const isError = (status: string): boolean => !/^2/.test(status);

/**
 * Chooses the answer with the wanted status and example, otherwise the first success. Throws `validation_failed` if the
 * document has no such answer, and names those that it has.
 */
export function chooseAnswer(choices: readonly Choice[], { code, example }: Preferences): Choice {
  const ofStatus = choices.filter(({ status }) => code === undefined || status === code);
  const chosen = ofStatus.find(({ name }) => example === undefined || name === example);
  if (chosen !== undefined) {
    return chosen;
  }
  const isStatus = ofStatus.length === 0;
  const known = [
    ...new Set((isStatus ? choices : ofStatus).map(({ status, name }) => String(isStatus ? status : name))),
  ];
  const wanted = isStatus ? String(code) : (example ?? '');
  const kind = isStatus ? 'answer with the status' : 'example with the name';
  const message = `this operation has no ${kind} ${wanted}; use one of ${known.join(', ')}`;
  throw invalid([{ field: 'header.Prefer', message, rule: 'example' }]);
}
