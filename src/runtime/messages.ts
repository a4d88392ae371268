import type { Readable } from 'node:stream';
import { ChunkCollector } from '../base/chunk-collector.ts';
import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { hasMoreValues } from '../base/json-text.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { largeParsedBytes, parsedBytes } from '../base/parsed-bytes.ts';
import { type JsonPart, splitJson } from '../base/split-json.ts';
import { toOneLine, Unparsed } from '../base/unparsed.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { readEvents } from './read-events.ts';
import { ServerFailed } from './server-failed.ts';

/**
 * A JSON-RPC message of a server, with numbers as written and everything else unverified. For a large message, the
 * members of the message and of its result, error and params are parsed; large members of these are `Unparsed`.
 */
export type ServerMessage = Readonly<Record<string, unknown>>;

/** It leaves out a byte order mark, which JSON may not have, and libraries ignore (RFC 8259, section 8.1). */
const utf8 = new TextDecoder();

/** The maximum number of values of a text that is parsed as a whole. */
const MAX_SERVER_MESSAGE_VALUES = 100_000;
/**
 * The maximum number of members of a large message on both parsed levels, and of values of one parsed member: all
 * together are no more than above.
 */
const MAX_MEMBERS = 1000;
const MAX_VALUES_OF_MEMBER = MAX_SERVER_MESSAGE_VALUES / MAX_MEMBERS;

/** Whether a value is an error with a `result` of null beside it, as JSON-RPC 1.0 has it; clients refuse such a message. */
export const hasNullResult = (message: unknown): message is ServerMessage =>
  isObject(message) && isObject(message.error) && message.result === null;

/** Removes a `result` of null from an error. */
export function withoutNullResult(message: ServerMessage): ServerMessage {
  if (!hasNullResult(message)) {
    return message;
  }
  const { result, ...error } = message;
  return error;
}

/** Whether an answer is a stream of events. */
export const isEventStream = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'text/event-stream';
/** Whether an answer is JSON. */
export const isJson = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'application/json';

const mediaTypeOf = (headers: HttpAnswer['headers']): string =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/**
 * Reads the messages of an answer, JSON or a stream of events, as they come. It owns the answer from its first step:
 * leaving early ends the connection. Holds what it reads in `memory`. Throws ServerFailed if the answer is neither,
 * and OverBudget.
 */
export async function* readMessages(
  server: string,
  answer: HttpAnswer,
  memory: MemoryScope,
): AsyncGenerator<ServerMessage> {
  const { body } = answer;
  if (isEventStream(answer) && !Buffer.isBuffer(body)) {
    using held = memory.hold('answers', 0, giveUp(body));
    try {
      for await (const { data } of readEvents(body, {
        longest: memory.messageBytes,
        held,
        bytesOf: largeMessageBytes,
      })) {
        // An event without data contains only the id for resuming.
        if (data !== '') {
          yield* hasManyValues(data) ? [await parseLargeMessage(server, data)] : parsed(server, data);
        }
      }
    } catch (error) {
      throw error instanceof RangeError ? protocolViolation(server, error.message) : error;
    } finally {
      discard(answer);
    }
    return;
  }
  const bytes = await readBody(server, answer, memory);
  const parsedSize = largeMessageBytes(bytes);
  if (parsedSize > 0) {
    await memory.hold('answers', 0).waitToResize(parsedSize);
  }
  if (bytes.length > 0) {
    yield* messagesIn(server, utf8.decode(bytes));
  }
}

/** Ends the reading of a body when another holder needs the memory. The reader gets the OverBudget. */
const giveUp = (body: Readable) => (): void => {
  body.destroy(new OverBudget('share'));
};

/**
 * Reads a whole body, up to the maximum size of a message. It owns the answer, and holds the bytes in `memory`.
 * Throws ServerFailed and OverBudget.
 */
export async function readBody(server: string, answer: HttpAnswer, memory: MemoryScope): Promise<Buffer> {
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    if (body.length > SMALL_BYTES) {
      memory.hold('answers', body.length);
    }
    return body;
  }
  const held = memory.hold('answers', 0, giveUp(body));
  const pieces = new ChunkCollector();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      pieces.add(chunk);
      const { size } = pieces;
      if (size > memory.messageBytes) {
        throw protocolViolation(server, `its answer is larger than ${memory.messageBytes} bytes`);
      }
      if (size > SMALL_BYTES && !held.tryResize(size)) {
        await held.waitToResize(size);
      }
    }
  } finally {
    discard(answer);
  }
  return pieces.bytes();
}

/** Reads the messages of a JSON text: one message, or a batch that is not large. Throws ServerFailed. */
async function* messagesIn(server: string, text: string): AsyncGenerator<ServerMessage> {
  yield* hasManyValues(text) ? [await parseLargeMessage(server, text)] : parsed(server, text);
}

/** Whether a text has too many values to parse it as a whole while other work waits. */
export const hasManyValues = (text: string): boolean => hasMoreValues(text, MAX_SERVER_MESSAGE_VALUES);

/** Estimates the memory of a parsed message, in bytes; the second function returns 0 for a small message. */
export const estimateMessageBytes = (text: string | Buffer): number => parsedBytes(text, MAX_SERVER_MESSAGE_VALUES);
const largeMessageBytes = (text: string | Buffer): number => largeParsedBytes(text, MAX_SERVER_MESSAGE_VALUES);

/** Parses a large message partly: members that the gateway does not read stay text. Throws ServerFailed. */
export async function parseLargeMessage(server: string, text: string): Promise<ServerMessage> {
  const whole = await splitJson(text, { levels: 2, mostParts: MAX_MEMBERS });
  if (whole === 'too many' || (whole !== 'no JSON' && whole.kind === 'list')) {
    const what = whole === 'too many' ? `a message with more than ${MAX_MEMBERS} members` : 'a batch';
    throw protocolViolation(server, `it sent ${what} and more than ${MAX_SERVER_MESSAGE_VALUES} values`);
  }
  const message = whole === 'no JSON' ? undefined : await partlyParsed(whole);
  if (!isObject(message) || !isMessage(message)) {
    throw notAMessage(server);
  }
  return message;
}

/** Parses a part of a message, but leaves its large members as text. */
async function partlyParsed({ kind, text, values, parts }: JsonPart): Promise<unknown> {
  if (kind === 'object' && parts.length > 0) {
    const members: [string, unknown][] = [];
    for (const part of parts) {
      members.push([part.name ?? '', await partlyParsed(part)]);
    }
    return Object.fromEntries(members);
  }
  return values > MAX_VALUES_OF_MEMBER ? new Unparsed(await toOneLine(text)) : parseJson(text);
}

/** Parses the messages of a JSON text that is not large. */
function* parsed(server: string, text: string): Generator<ServerMessage> {
  const value = parseJson(text);
  // Version 2025-03-26 lets a server answer with a batch.
  for (const message of Array.isArray(value) ? value : [value]) {
    if (!isObject(message) || !isMessage(message)) {
      throw notAMessage(server);
    }
    yield message;
  }
}

/**
 * Whether an object is a JSON-RPC message. Web frameworks answer unknown paths with JSON too, which may have an
 * `error` text.
 */
export const isMessage = ({ method, result, error }: ServerMessage): boolean =>
  typeof method === 'string' || result !== undefined || isObject(error);

const notAMessage = (server: string): ServerFailed =>
  protocolViolation(server, 'it answered with something that is no JSON-RPC message');

/** The failure for a server that violates the protocol. `why` completes the sentence. */
export const protocolViolation = (server: string, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak the protocol: ${why}.`);
