import type { Operation, Parameter } from '../../contract/document.ts';
import { type Api, apiOf } from '../apis.ts';

/** The operations of an API. */
export const operationsIn = (api: Api, operations: readonly Operation[]): Operation[] =>
  operations.filter(({ path }) => apiOf(path) === api);

/** The path of an operation with the examples of its parameters in it, or with what is given for some of them. */
export function examplePath({ path, parameters }: Operation, given: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((candidate) => candidate.in === 'path' && candidate.name === name);
    return encodeURIComponent(given[name] ?? String(exampleOf(parameter)));
  });
}

/** The first example of the body that an operation takes; undefined where it takes none. */
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

/** Whether an operation documents a status by name. */
export const documents = ({ object }: Operation, status: number): boolean => String(status) in object.responses;
