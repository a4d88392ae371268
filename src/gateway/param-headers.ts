import type { IncomingHttpHeaders } from 'node:http';
import { isObject } from '../base/is-object.ts';
import { isRawNumber } from '../base/json.ts';
import { decodeHeader, encodeHeader } from '../runtime/protocol.ts';
import { requireSameHeader } from './eras.ts';
import { valueLike } from './repeated-headers.ts';

type Members = Readonly<Record<string, unknown>>;
/** A declared header that repeats an argument. */
type Declaration = { readonly path: readonly string[]; readonly header: string; readonly isNumber: boolean };

const DECLARED = 'x-mcp-header';
const TYPES = ['string', 'integer', 'number', 'boolean'];
/** A token (RFC 9110, section 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const declarations = new WeakMap<Members, readonly Declaration[]>();

/**
 * Makes the headers that repeat arguments of a call (2026-07-28, "Custom headers from tool parameters"), as the
 * definition of the tool declares them. They are made from the body, which the gateway decides on. `sent` are the
 * headers of a client whose version has them; null for other clients. Throws an RpcError if one is missing or differs
 * from the body. Ignores headers that are not declared.
 */
export function paramHeaders(
  definition: Members,
  args: Members,
  sent: IncomingHttpHeaders | null,
): Record<string, string> {
  let declared = declarations.get(definition);
  if (declared === undefined) {
    declared = [...declaredIn(definition.inputSchema, [])];
    declarations.set(definition, declared);
  }
  const headers: Record<string, string> = {};
  for (const { path, header, isNumber } of declared) {
    const text = textAt(args, path);
    const name = `mcp-param-${header.toLowerCase()}`;
    if (text === null || Object.hasOwn(headers, name)) {
      continue;
    }
    if (sent !== null) {
      const isSame = (value: string): boolean => {
        const decoded = decodeHeader(value);
        const areDecimal = isNumber && isDecimal(decoded) && isDecimal(text);
        return decoded === text || (areDecimal && Number(decoded) === Number(text));
      };
      const came = typeof sent[name] === 'string' ? valueLike(sent[name], isSame) : undefined;
      requireSameHeader(`Mcp-Param-${header}`, came !== undefined && isSame(came) ? text : came, text);
    }
    headers[name] = encodeHeader(text);
  }
  return headers;
}

/** Yields the declarations of properties at any depth; other parts of a schema cannot declare any. */
function* declaredIn(schema: unknown, path: readonly string[]): Generator<Declaration> {
  if (!isObject(schema)) {
    return;
  }
  const { [DECLARED]: header, type, properties } = schema;
  if (path.length > 0 && typeof header === 'string' && TOKEN.test(header) && TYPES.includes(String(type))) {
    yield { path, header, isNumber: type === 'integer' || type === 'number' };
  }
  for (const [name, property] of isObject(properties) ? Object.entries(properties) : []) {
    yield* declaredIn(property, [...path, name]);
  }
}

/** Returns an argument as text for a header; null if it is missing or not a scalar. */
function textAt(args: Members, path: readonly string[]): string | null {
  let value: unknown = args;
  for (const name of path) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  if (typeof value === 'string') {
    return value;
  }
  return typeof value === 'boolean' || typeof value === 'number' || isRawNumber(value) ? JSON.stringify(value) : null;
}

const isDecimal = (text: string | undefined): boolean => text !== undefined && /^-?\d{1,15}(?:\.\d+)?$/.test(text);
