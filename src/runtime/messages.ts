import type { Readable } from 'node:stream';
import { ChunkCollector } from '../base/chunk-collector.ts';
import { isObject, parseJson } from '../base/json.ts';
import { hasMoreValues } from '../base/json-text.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { largeParsedBytes, parsedBytes } from '../base/parsed-bytes.ts';
import { type JsonPart, splitJson } from '../base/split-json.ts';
import { toOneLine, Unparsed } from '../base/unparsed.ts';
import { discard, type HttpAnswer } from '../egress/send-http.ts';
import { readEvents } from './read-events.ts';
import { ServerFailed } from './server-failed.ts';

/**
 * A JSON-RPC message of a server, its numbers as it wrote them. Of a large one, the members of the message and of its
 * result, error and params are parsed; those that are large themselves are `Unparsed`.
 */
export type ServerMessage = Readonly<Record<string, unknown>>;

/** Values of a text that is parsed as a whole. */
const MAX_VALUES = 100_000;
/** Members of a large message, on both levels that are looked into, and values of one that is parsed: all are no more. */
const MAX_MEMBERS = 1000;
const MAX_VALUES_OF_MEMBER = MAX_VALUES / MAX_MEMBERS;

export const isEventStream = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'text/event-stream';
export const isJson = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'application/json';

const mediaTypeOf = (headers: HttpAnswer['headers']): string =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/**
 * The messages of an answer as they come, whether it is JSON or a stream of events. From its first step on it owns the
 * answer: leaving early ends the connection. What is read is held in the scope. Throws ServerFailed for what is neither,
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
        // An event without data only says where to go on from.
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
    yield* messagesIn(server, bytes.toString('utf8'));
  }
}

/** How a body is let go of when somebody else needs the room: whoever reads it is told why. */
const giveUp = (body: Readable) => (): void => {
  body.destroy(new OverBudget('share'));
};

/**
 * Everything of a body, at most as much as one message may have. It owns the answer, and holds it in the scope. Throws
 * ServerFailed and OverBudget.
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

/** The messages of a JSON text: one, or a batch that is not large. Throws ServerFailed. */
async function* messagesIn(server: string, text: string): AsyncGenerator<ServerMessage> {
  yield* hasManyValues(text) ? [await parseLargeMessage(server, text)] : parsed(server, text);
}

/** Whether parsing a text would hold up others. */
export const hasManyValues = (text: string): boolean => hasMoreValues(text, MAX_VALUES);

/** Bytes of memory that count of the message of a text, and those that are more than any piece of work holds. */
export const estimateMessageBytes = (text: string | Buffer): number => parsedBytes(text, MAX_VALUES);
const largeMessageBytes = (text: string | Buffer): number => largeParsedBytes(text, MAX_VALUES);

/** The message of a text that is large. What nobody looks into is not parsed. Throws ServerFailed. */
export async function parseLargeMessage(server: string, text: string): Promise<ServerMessage> {
  const whole = await splitJson(text, { levels: 2, mostParts: MAX_MEMBERS });
  if (whole === 'too many' || (whole !== 'no JSON' && whole.kind === 'list')) {
    const what = whole === 'too many' ? `a message with more than ${MAX_MEMBERS} members` : 'a batch';
    throw protocolViolation(server, `it sent ${what} and more than ${MAX_VALUES} values`);
  }
  const message = whole === 'no JSON' ? undefined : await partlyParsed(whole);
  if (!isObject(message) || !isMessage(message)) {
    throw notAMessage(server);
  }
  return message;
}

/** The value of a part: what it is split into is parsed, but for members that are large. */
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

/** The messages of a JSON text that is not large. */
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

/** What frameworks say of a path that they do not know is JSON too, and may have an `error`. */
export const isMessage = ({ method, result, error }: ServerMessage): boolean =>
  typeof method === 'string' || result !== undefined || isObject(error);

const notAMessage = (server: string): ServerFailed =>
  protocolViolation(server, 'it answered with something that is no JSON-RPC message');

export const protocolViolation = (server: string, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak the protocol: ${why}.`);
