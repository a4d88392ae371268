import { isUtf8 } from 'node:buffer';
import { parseJson } from '../calls/json.ts';

/** JSON-RPC 2.0 error codes, and those of the Model Context Protocol (2026-07-28, "Error codes"). */
export const CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

export type RpcId = string | number | null;
/** A message as a client sent it. `id` is undefined for a notification. */
export type Message = {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
};

/** An error that the client is meant to see, as JSON-RPC writes it. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status, where the protocol wants another than its era's. */
  readonly status: number | undefined;

  constructor(code: number, message: string, more: { data?: Readonly<Record<string, unknown>>; status?: number } = {}) {
    super(message);
    this.code = code;
    this.data = more.data;
    this.status = more.status;
  }
}

/**
 * Reads a message (JSON-RPC 2.0, section 4), tolerant of clients that are in use: `jsonrpc` may be missing, and an
 * `initialize` without an id is a request with the id null. Batches are refused. Throws an RpcError.
 */
export function readMessage(bytes: Buffer): Message {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'Batches are not supported: send one message.' : 'A message is a JSON object.';
    throw new RpcError(CODES.invalidRequest, what);
  }
  const { jsonrpc = '2.0', id, method, params = {} } = value as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || typeof params !== 'object' || params === null || !isId(id)) {
    throw new RpcError(CODES.invalidRequest, 'This is no JSON-RPC 2.0 request or notification.');
  }
  return {
    id: id === undefined && method === 'initialize' ? null : id,
    method,
    params: params as Record<string, unknown>,
  };
}

const isId = (id: unknown): id is RpcId | undefined =>
  id === undefined || id === null || typeof id === 'string' || typeof id === 'number';

function parse(bytes: Buffer): unknown {
  const value = isUtf8(bytes) ? parseJson(bytes.toString('utf8')) : undefined;
  if (value === undefined) {
    throw new RpcError(CODES.parseError, 'The body is not valid JSON in UTF-8.', { status: 400 });
  }
  return value;
}
