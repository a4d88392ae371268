import type { Operation, Parameter } from '../../contract/document.ts';
import { type Api, apiOf } from '../apis.ts';

/** The operations of an API. */
export const operationsIn = (api: Api, operations: readonly Operation[]): Operation[] =>
  operations.filter(({ path }) => apiOf(path) === api);

/** The parameters in the path of an operation, with their examples. */
export const examplePath = ({ parameters }: Operation): Record<string, string> =>
  Object.fromEntries(
    parameters
      .filter((parameter) => parameter.in === 'path')
      .map((parameter) => [parameter.name, String(exampleOf(parameter))]),
  );

/** Returns the first example of an operation's body; undefined if it has none. */
export function exampleBody({ body }: Operation): unknown {
  const [content] = Object.values(body?.content ?? {});
  return Object.values(content?.examples ?? {})[0]?.value;
}

/** The query parameters of an operation, with their examples. */
export const exampleQuery = ({ parameters }: Operation): [string, string][] =>
  parameters
    .filter((parameter) => parameter.in === 'query' && exampleOf(parameter) !== undefined)
    .map((parameter) => [parameter.name, String(exampleOf(parameter))]);

const exampleOf = (parameter: Parameter | undefined): unknown =>
  (parameter as { readonly example?: unknown } | undefined)?.example;

/** Whether an operation succeeds with a stream that does not end by itself. */
export const isEndless = ({ object }: Operation): boolean =>
  Object.hasOwn(object.responses['200']?.content ?? {}, 'text/event-stream');

/** Whether an operation documents a status by name. */
export const documents = ({ object }: Operation, status: number): boolean => String(status) in object.responses;
