import { Unusable } from './errors.ts';
import type { Input } from './inputs.ts';
import { arrayOf, type Node, nodeOf, quote, type References, textOf } from './nodes.ts';
import type { Site } from './operations.ts';
import type { Convert } from './schema.ts';
import type { ParameterPlace, ParameterPlan } from './types.ts';

const PLACES: readonly ParameterPlace[] = ['path', 'query', 'header', 'cookie'];
/** The gateway writes these itself. */
const IGNORED_HEADERS = ['accept', 'content-type', 'authorization'];

/** A parameter as a flat argument, and its plan once the argument has a name. */
export type ParameterInput = Input & { readonly plan: Omit<ParameterPlan, 'argument'> };

/**
 * Returns the parameters of an operation, including those of its path, path parameters first. A `{…}` of the path
 * without a parameter is a required string; a path parameter without its `{…}` is left out, and so is a parameter that the
 * query in the path of the document gives.
 */
export function parametersOf(
  references: References,
  convert: Convert,
  { template: path, query, item, operation }: Site,
): ParameterInput[] {
  const fixed = new URLSearchParams(query);
  const parameters = new Map<string, Node>();
  for (const entry of [...arrayOf(item.parameters), ...arrayOf(operation.parameters)]) {
    references.spend(1);
    const parameter = nodeOf(references.follow(entry).value);
    const { in: place, name } = parameter;
    if (typeof name !== 'string' || !PLACES.some((known) => known === place)) {
      throw new Unusable(`It has a parameter without a name or a place: ${quote(textOf(name) || textOf(place))}.`);
    }
    parameters.set(`${place} ${place === 'header' ? name.toLowerCase() : name}`, parameter);
  }
  const inPath = [...new Set([...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? ''))];
  for (const name of inPath.filter((name) => !parameters.has(`path ${name}`))) {
    parameters.set(`path ${name}`, { in: 'path', name, schema: { type: 'string' } });
  }
  return [...parameters.values()]
    .filter(({ in: place, name }) =>
      place === 'path'
        ? inPath.includes(name as string)
        : place === 'query'
          ? !fixed.has(name as string)
          : place !== 'header' || !isIgnored(name as string),
    )
    .map((parameter) => inputOf(convert, parameter))
    .toSorted((a, b) => PLACES.indexOf(a.in as ParameterPlace) - PLACES.indexOf(b.in as ParameterPlace));
}

const isIgnored = (header: string): boolean => IGNORED_HEADERS.includes(header.toLowerCase());

function inputOf(convert: Convert, parameter: Node): ParameterInput {
  const place = parameter.in as ParameterPlace;
  const name = parameter.name as string;
  const [content] = Object.entries(nodeOf(parameter.content));
  const schema = content === undefined ? parameter.schema : nodeOf(content[1]).schema;
  const style =
    typeof parameter.style === 'string' ? parameter.style : ['query', 'cookie'].includes(place) ? 'form' : 'simple';
  return {
    in: place,
    name,
    unit: convert(schema ?? {}),
    required: place === 'path' || parameter.required === true,
    ...(typeof parameter.description === 'string' && parameter.description.trim() !== ''
      ? { description: parameter.description }
      : {}),
    deprecated: parameter.deprecated === true,
    plan: {
      name,
      in: place,
      style,
      explode: typeof parameter.explode === 'boolean' ? parameter.explode : style === 'form',
      allowReserved: parameter.allowReserved === true,
      ...(content === undefined ? {} : { mediaType: content[0] }),
    },
  };
}
