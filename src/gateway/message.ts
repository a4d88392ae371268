import { isUtf8 } from 'node:buffer';
import { nextRank, nextTurn } from '../base/event-loop-turns.ts';
import { TooManyNumbers } from '../base/exact-numbers.ts';
import { type JsonSize, measureJson } from '../base/fast/measure-json.ts';
import { isObject } from '../base/is-object.ts';
import { isRawNumber, MAX_LEVELS, parseExact } from '../base/json.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import { readJson } from '../base/read-json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { foldCase, MAX_MEMBERS, repeatsMember, TooManyMembers } from './repeated-members.ts';

/** The id of a request. A number that JavaScript would change is `JSON.rawJSON`, which is written as received. */
export type RpcId = string | number | object | null;
type Params = Readonly<Record<string, unknown>>;

/** A checked message of a client. The gateway decides on it and passes it on in this same form. */
export type Message = {
  /** Undefined for a notification. */
  readonly id: RpcId | undefined;
  /** Undefined for an answer to a request of the server. */
  readonly method: string | undefined;
  readonly params: Params;
  /** Whether `arguments` was null, which counts as absent in `params` and `json`. */
  readonly hasNullArguments: boolean;
  /** The whole message as JSON, with numbers as received and no repeated members. */
  readonly json: Buffer;
};
/** A message that requires an answer. */
export type RequestMessage = Message & { readonly id: RpcId; readonly method: string };

/** An error for the client, in the format of JSON-RPC. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status, if it differs from the usual one of the era. */
  readonly status: number | undefined;

  constructor(code: number, message: string, more: { data?: Readonly<Record<string, unknown>>; status?: number } = {}) {
    super(message);
    this.code = code;
    this.data = more.data;
    this.status = more.status;
  }
}

/** The maximum number of values in a message, on all levels: reading, checking and writing take time for each. */
export const MAX_MESSAGE_VALUES = 100_000;
/**
 * The maximum number of numbers that must be kept as received, such as 1.0, 1e5, or integers with more digits than
 * JavaScript holds: they cost far more than others.
 */
const MAX_EXACT_NUMBERS = 10_000;

const MEMBERS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const USUAL = new Set([...MEMBERS, 'name', 'arguments', '_meta', 'uri', 'cursor']);

/**
 * Reads a message (JSON-RPC 2.0, section 4). It tolerates clients in use: `jsonrpc` may be missing, an `initialize`
 * without an id is a request with the id null, and null counts as absent where the protocol has no null. It refuses batches, and members of the message or of
 * `params` with names that are equal apart from case, because servers differ in which one they use. It also refuses
 * more than 100,000 values, before parsing; more than 10,000 numbers that JavaScript would write differently; and
 * more than 1,000 members on the two outer levels.
 *
 * A message of more than 16 KiB is read in pieces, each in a turn of the owner. Throws an RpcError, or the reason of
 * the signal.
 */
export function readMessage(
  bytes: Buffer,
  owner: string,
  signal: AbortSignal,
  size: JsonSize = measureJson(bytes, MAX_MESSAGE_VALUES),
): Message | Promise<Message> {
  return bytes.length > SMALL_BYTES ? readInTurns(pieces(bytes, size), owner, signal) : readAtOnce(pieces(bytes, size));
}

function readAtOnce(reading: Reading): Message {
  let piece = reading.next();
  while (piece.done !== true) {
    piece = reading.next();
  }
  return piece.value;
}

async function readInTurns(reading: Reading, owner: string, signal: AbortSignal): Promise<Message> {
  const rank = nextRank();
  for (;;) {
    await nextTurn(owner, rank);
    signal.throwIfAborted();
    const piece = reading.next();
    if (piece.done === true) {
      // Passing it on takes as long as a piece of reading it.
      await nextTurn(owner, rank);
      return piece.value;
    }
  }
}

/** A reading of a message. Other work may run where it yields. */
type Reading = Generator<undefined, Message>;

function* pieces(bytes: Buffer, size: JsonSize): Reading {
  const { value, json } = yield* parse(bytes, size);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value)
      ? 'Only the protocol version 2025-03-26 has batches: send one message.'
      : 'A message is a JSON object.';
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, what);
  }
  const written = value as Params;
  const envelope = withoutNulls(written);
  const { jsonrpc = '2.0', id, method, params = {} } = envelope;
  const isAnswer = method === undefined && id !== undefined && ('result' in envelope || 'error' in envelope);
  const isCall = typeof method === 'string' && typeof params === 'object' && params !== null && !Array.isArray(params);
  if (jsonrpc !== '2.0' || !(isCall || isAnswer) || !isId(id)) {
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, 'This is no JSON-RPC 2.0 request or notification.');
  }
  if (isEqualUpToCase(written) || (isCall && isEqualUpToCase(written.params ?? {}))) {
    throw repeated();
  }
  const isWhole =
    envelope === written &&
    envelope.jsonrpc !== undefined &&
    Object.keys(envelope).every((key) => MEMBERS.includes(key));
  return {
    id: id === undefined && method === 'initialize' ? null : id,
    method: isCall ? (method as string) : undefined,
    params: isCall ? (params as Params) : {},
    hasNullArguments: isObject(written.params) && written.params.arguments === null,
    json: isWhole ? json : Buffer.from(JSON.stringify({ ...pick(envelope), jsonrpc: '2.0' })),
  };
}

/** Members of `params` that requests may leave out, and that are never null. */
const OPTIONAL_PARAMS = ['_meta', 'arguments', 'cursor'];

/**
 * Leaves out the members that are null where the protocol has no null: serializers write it for what is absent. Returns
 * the same object if there are none.
 */
function withoutNulls(envelope: Params): Params {
  const { method, params, error } = envelope;
  const isAbsent = (name: string): boolean =>
    name === 'id'
      ? typeof method === 'string' && method.startsWith('notifications/')
      : name === 'result'
        ? typeof method === 'string' || isObject(error)
        : MEMBERS.includes(name);
  const members = withoutNull(envelope, isAbsent);
  if (!isObject(params)) {
    return members;
  }
  const present = withoutNull(params, (name) => OPTIONAL_PARAMS.includes(name));
  return present === params ? members : { ...members, params: present };
}

function withoutNull(object: Params, isAbsent: (name: string) => boolean): Params {
  for (const name in object) {
    if (object[name] === null && isAbsent(name)) {
      return Object.fromEntries(Object.entries(object).filter(([key, value]) => value !== null || !isAbsent(key)));
    }
  }
  return object;
}

const repeated = (): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidRequest,
    'Two members of the message, or of its params, have the same name up to case.',
  );

const isId = (id: unknown): id is RpcId | undefined =>
  id === undefined || id === null || typeof id === 'string' || typeof id === 'number' || isRawNumber(id);

const pick = (envelope: Params): Params =>
  Object.fromEntries(Object.entries(envelope).filter(([key]) => MEMBERS.includes(key)));

function isEqualUpToCase(object: object): boolean {
  const keys = Object.keys(object);
  if (keys.length > MAX_MEMBERS) {
    throw tooManyMembers();
  }
  // The names of the protocol differ from each other, and few messages contain others.
  return !keys.every((key) => USUAL.has(key)) && new Set(keys.map(foldCase)).size < keys.length;
}

/** Parses a body, and returns JSON of it that every parser reads alike. Most bodies already are such JSON. */
function* parse(bytes: Buffer, { values, levels }: JsonSize): Generator<undefined, { value: unknown; json: Buffer }> {
  if (values > MAX_MESSAGE_VALUES) {
    const what = `A message may hold at most ${MAX_MESSAGE_VALUES} values: send large data as one string, or in several calls.`;
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, what);
  }
  try {
    const text = isUtf8(bytes) ? bytes.toString('utf8') : '';
    yield;
    const value = readJson(text) as unknown;
    yield;
    if (levels <= MAX_LEVELS) {
      if (JSON.stringify(value) === text) {
        return { value, json: bytes };
      }
      yield;
      if (repeatsMember(text)) {
        throw repeated();
      }
      yield;
      const exact = parseExact(text, value, MAX_EXACT_NUMBERS);
      yield;
      return { value: exact, json: Buffer.from(JSON.stringify(exact)) };
    }
  } catch (error) {
    if (error instanceof RpcError) {
      throw error;
    }
    if (error instanceof TooManyNumbers) {
      throw tooManyNumbers();
    }
    if (error instanceof TooManyMembers) {
      throw tooManyMembers();
    }
  }
  throw invalidJson();
}

/** The error for a body that is not JSON. */
export const invalidJson = (): RpcError =>
  new RpcError(RPC_ERROR_CODES.parseError, 'The body is not valid JSON in UTF-8, or is nested too deep.', {
    status: 400,
  });

const tooManyNumbers = (): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidRequest,
    `A message may hold at most ${MAX_EXACT_NUMBERS} numbers that JavaScript writes in another way, such as 1.0 or 1e5: write them as 1 and 100000, or send them in several calls.`,
  );

const tooManyMembers = (): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidRequest,
    `A message, and its params, may have at most ${MAX_MEMBERS} members each.`,
  );
