import type { Mistake } from '../base/errors.ts';
import { MAX_MISTAKES, MAX_SHOWN_KEY_CHARS } from '../base/limits.ts';
import { suggestSimilar } from '../base/suggest-similar.ts';
import { type Document, METHODS, type Operation, resolve, type Schema } from './document.ts';
import { FORMATS } from './formats.ts';

/** One broken rule as reported by express-openapi-validator: a JSON-pointer-like path, a message, `<rule>.openapi…`. */
export type ValidationError = { readonly path: string; readonly message: string; readonly errorCode?: string };

/**
 * Turns the validator's errors into mistakes with a remedy: names keys and headers, suggests a similar key, and
 * describes formats.
 */
export function mistakesOf(
  document: Document,
  operation: Operation,
  errors: readonly ValidationError[],
  body: unknown,
): Mistake[] {
  const mistakes = unlike(withoutTypesOfLists(errors))
    .slice(0, MAX_MISTAKES)
    .flatMap((error) => mistakesOfError(document, operation, error, body));
  const unique = new Map(mistakes.map((mistake) => [`${mistake.field} ${mistake.message}`, mistake]));
  return [...unique.values()].slice(0, MAX_MISTAKES);
}

/** A value that is not in a list of values is of no use to be called of another type as well. */
function withoutTypesOfLists(errors: readonly ValidationError[]): readonly ValidationError[] {
  const lists = new Set(
    errors.filter(({ errorCode }) => /^(?:enum|const)\./.test(errorCode ?? '')).map(({ path }) => path),
  );
  return errors.filter(({ path, errorCode }) => !(errorCode?.startsWith('type.') && lists.has(path)));
}

/** One error for each place and rule: of a map with a thousand bad names the validator says a thousand times the same. */
const unlike = (errors: readonly ValidationError[]): ValidationError[] => [
  ...new Map(errors.map((error) => [`${error.path} ${error.errorCode} ${error.message}`, error])).values(),
];

function mistakesOfError(document: Document, operation: Operation, error: ValidationError, body: unknown): Mistake[] {
  const rule = error.errorCode?.split('.')[0] ?? 'parameter';
  const [place = 'body', ...rest] = error.path.split('/').filter((part) => part !== '');
  const parts = rest.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const where = place === 'params' ? 'path' : place === 'headers' ? 'header' : place;
  const field = [where, ...parts.map((part) => part.slice(0, MAX_SHOWN_KEY_CHARS))].join('.');
  if (place === 'query' && rule === 'parameter') {
    return [{ field, message: queryMessage(operation, parts[0] ?? '', error.message), rule: 'unknown' }];
  }
  if (place !== 'body') {
    return [{ field, message: message(rule, error.message), rule }];
  }
  const schema = (at: readonly string[]) => schemaAt(document, requestSchema(operation), at);
  if (rule === 'additionalProperties') {
    const key = parts.at(-1) ?? '';
    return [{ field, message: unknownKey(document, operation, key, schema(parts.slice(0, -1))), rule: 'unknown_key' }];
  }
  const value = valueAt(body, parts);
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (rule === 'propertyNames' && isMap) {
    const wanted = (schema(parts) as { propertyNames?: NameRule } | undefined)?.propertyNames ?? {};
    return Object.keys(value)
      .filter((name) => breaks(wanted, name))
      .slice(0, MAX_MISTAKES)
      .map((name) => ({
        field: `${field}.${name.slice(0, MAX_SHOWN_KEY_CHARS)}`,
        message: FORMATS[wanted.format ?? '']?.message ?? `the name must match pattern "${wanted.pattern}"`,
        rule,
      }));
  }
  // The validator reports the rule that a property name broke a second time, at the map that holds it.
  if ((rule === 'format' || rule === 'pattern') && isMap) {
    return [];
  }
  return [{ field, message: message(rule, error.message), rule }];
}

/** The rule for the names of a map. */
type NameRule = { readonly format?: string; readonly pattern?: string };

const breaks = ({ format, pattern }: NameRule, name: string): boolean =>
  FORMATS[format ?? '']?.validate(name) === false || (pattern !== undefined && !new RegExp(pattern, 'u').test(name));

function message(rule: string, original: string): string {
  if (rule === 'required') {
    return 'is required';
  }
  const format = /^must match format "(.+)"$/.exec(original)?.[1];
  return (format !== undefined && FORMATS[format]?.message) || affirmed(original);
}

/** Says limits as what a value must have, where the validator says what it must NOT have. */
const affirmed = (original: string): string =>
  original
    .replace(
      /^must NOT have (fewer|more) than (\d+) (character|item|propert)(?:s|ies)\b/,
      (_, than: string, limit: string, unit: string) =>
        `must have at ${than === 'fewer' ? 'least' : 'most'} ${limit} ${plural(unit, limit === '1')}`,
    )
    .replace(/^must NOT have duplicate items/, 'must not have the same item twice');

const plural = (unit: string, isOne: boolean): string =>
  unit === 'propert' ? (isOne ? 'property' : 'properties') : isOne ? unit : `${unit}s`;

function queryMessage(operation: Operation, name: string, original: string): string {
  const known = operation.parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name);
  return original.startsWith('Unknown') ? `unknown parameter${suggestSimilar(name, known)}` : 'must not be empty';
}

function unknownKey(document: Document, operation: Operation, key: string, schema: Schema | undefined): string {
  const hint = schema?.['x-unknown-keys'];
  if (hint !== undefined && Object.hasOwn(hint, key)) {
    return `unknown key: ${hint[key]}`;
  }
  const known = Object.keys(schema?.properties ?? {});
  return answeredKeys(document, operation).has(key)
    ? 'read-only; leave it out'
    : `unknown key${suggestSimilar(key, known)}`;
}

/** The keys of the objects that the operations of this path answer, in their `data` where there is one. */
function answeredKeys(document: Document, { path }: Operation): Set<string> {
  const answers = METHODS.flatMap((method) => Object.entries(document.paths[path]?.[method]?.responses ?? {}));
  const schemas = answers
    .filter(([status]) => status.startsWith('2'))
    .map(([, answer]) => schemaAt(document, Object.values(resolve(document, answer).content ?? {})[0]?.schema, []));
  return new Set(
    schemas.flatMap((schema) => {
      const data = schema?.properties?.data;
      return Object.keys((data === undefined ? schema : schemaAt(document, data, []))?.properties ?? {});
    }),
  );
}

const requestSchema = ({ body }: Operation): Schema | undefined => Object.values(body?.content ?? {})[0]?.schema;

function schemaAt(document: Document, schema: Schema | undefined, parts: readonly string[]): Schema | undefined {
  const here = schema === undefined ? undefined : resolve<Schema>(document, schema);
  const [first, ...rest] = parts;
  if (here === undefined || first === undefined) {
    return here;
  }
  const values = typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined;
  const property =
    here.properties !== undefined && Object.hasOwn(here.properties, first) ? here.properties[first] : values;
  return schemaAt(document, here.items ?? property, rest);
}

function valueAt(value: unknown, parts: readonly string[]): unknown {
  return parts.reduce<unknown>((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], value);
}
