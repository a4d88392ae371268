import type { Operation, Schema } from '../../src/contract/document.ts';
import { resolve } from '../../src/contract/document.ts';
import type { Answer, Call } from '../support/client.ts';
import { document } from '../support/server.ts';

/** One request of a kind. `prefer` is for the mock alone: it cannot know what the server has stored. */
export type Asked = { readonly kind: string; readonly call: Call; readonly prefer?: string };

type Rules = Schema & {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly readOnly?: boolean;
};

const rulesOf = (schema: Schema | undefined): Rules => resolve<Rules>(document, (schema ?? {}) as Rules);

/** Values that a schema refuses: of every other type, and beyond each of its limits. */
export function wrongValues(schema: Schema | undefined): unknown[] {
  const { type = [], minimum, minLength = 0, maxLength, format, pattern, enum: words } = rulesOf(schema);
  const types: readonly string[] = typeof type === 'string' ? [type] : type;
  if (types.length === 0) {
    return [];
  }
  const others: Readonly<Record<string, unknown>> = {
    null: null,
    boolean: true,
    object: { x: 1 },
    array: [1],
    number: 1,
  };
  const isNumber = types.includes('integer') || types.includes('number');
  const ofOthers = Object.entries(others).filter(([name]) => !types.includes(name) && !(name === 'number' && isNumber));
  return [
    ...ofOthers.map(([, value]) => value),
    ...(types.includes('string') ? [] : ['x y']),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(minLength > 0 ? [''] : []),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
    ...(format === undefined && pattern === undefined && words === undefined ? [] : ['no such\tthing']),
  ];
}

/** The same for a parameter, where everything is text. */
export const wrongTexts = (schema: Schema | undefined): string[] =>
  wrongValues(schema)
    .filter((value) => ['string', 'number'].includes(typeof value) && value !== '')
    .filter((value) => typeof value === 'string' || [rulesOf(schema).type].flat().includes('integer'))
    .map(String);

/** The properties of a request body that a client may send. */
export function bodyProperties(operation: Operation): [string, Schema][] {
  const schema = rulesOf(Object.values(operation.body?.content ?? {})[0]?.schema);
  return Object.entries(schema.properties ?? {}).filter(([, property]) => rulesOf(property).readOnly !== true);
}

/** The properties that a request body must have. */
export const requiredProperties = (operation: Operation): readonly string[] =>
  rulesOf(Object.values(operation.body?.content ?? {})[0]?.schema).required ?? [];

/** Headers of one connection or one moment, and those with which browsers are let in. */
const PASSING = /^(?:connection|keep-alive|date|content-length|transfer-encoding|access-control-.*|vary)$/;

/**
 * How an answer looks: status, media type, names of headers, and its body: the whole of an error, unless it is an
 * example, and the names of members of everything else.
 */
export function lookOf({ status, headers, body }: Answer, url: string, isExample: boolean) {
  const names = [...headers.keys()].filter((name) => !PASSING.test(name)).toSorted();
  const isWhole = status >= 400 && !isExample;
  return {
    status: String(status),
    type: headers.get('content-type')?.replace(/;.*/, '') ?? 'none',
    headers: names.join(' '),
    body: isWhole ? JSON.stringify(body).replaceAll(url, 'http://localhost:8080') : membersOf(body).join(' '),
  };
}

/** The names of members, and of those of `data`, in which the Servers API wraps its objects. */
function membersOf(value: unknown): string[] {
  return typeof value !== 'object' || value === null || Array.isArray(value)
    ? []
    : Object.entries(value)
        .flatMap(([name, member]) => [
          name,
          ...(name === 'data' ? membersOf(member).map((inner) => `data.${inner}`) : []),
        ])
        .toSorted();
}

/** An error with other ids, numbers and names. */
export const wording = ({ text }: Answer): string =>
  text
    .replaceAll(/mcp_[\w-]+|org_\w+|[\da-f]{8}-[\w-]+|\d+|'[^']+'|\bE[A-Z]+\b/g, '…')
    .replaceAll('accounts', 'account');
