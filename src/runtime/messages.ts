import { isObject, parseJson } from '../base/json.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import { readEvents } from './events.ts';
import { ServerFailed } from './failed.ts';

/** A JSON-RPC message of a server, its numbers as it wrote them. */
export type ServerMessage = Readonly<Record<string, unknown>>;

/** Bytes of an answer that is read whole. */
const LARGEST = 32 * 1024 * 1024;

export const isStream = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'text/event-stream';
export const isJson = ({ headers }: HttpAnswer): boolean => mediaTypeOf(headers) === 'application/json';

const mediaTypeOf = (headers: HttpAnswer['headers']): string =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/**
 * The messages of an answer as they come, whether it is JSON or a stream of events. From its first step on it owns the
 * answer: leaving early ends the connection. Throws ServerFailed for what is neither.
 */
export async function* messagesOf(server: string, answer: HttpAnswer): AsyncGenerator<ServerMessage> {
  const { body } = answer;
  if (isStream(answer) && !Buffer.isBuffer(body)) {
    try {
      for await (const { data } of readEvents(body)) {
        // An event without data only says where to go on from.
        if (data !== '') {
          yield* parsed(server, data);
        }
      }
    } catch (error) {
      throw error instanceof RangeError ? notTheProtocol(server, error.message) : error;
    } finally {
      discard(answer);
    }
    return;
  }
  const bytes = await bytesOf(server, answer);
  if (bytes.length > 0) {
    yield* parsed(server, bytes.toString('utf8'));
  }
}

/** Everything of a body, at most 32 MiB. It owns the answer. Throws ServerFailed. */
export async function bytesOf(server: string, answer: HttpAnswer): Promise<Buffer> {
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    return body;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST) {
        throw notTheProtocol(server, `its answer is larger than ${LARGEST} bytes`);
      }
    }
  } finally {
    discard(answer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** The messages of a JSON text: one, or a batch. Throws ServerFailed. */
export function* parsed(server: string, text: string): Generator<ServerMessage> {
  const value = parseJson(text);
  // Version 2025-03-26 lets a server answer with a batch.
  for (const message of Array.isArray(value) ? value : [value]) {
    if (!isObject(message) || !isMessage(message)) {
      throw notTheProtocol(server, 'it answered with something that is no JSON-RPC message');
    }
    yield message;
  }
}

/** What frameworks say of a path that they do not know is JSON too, and may have an `error`. */
export const isMessage = ({ method, result, error }: ServerMessage): boolean =>
  typeof method === 'string' || result !== undefined || isObject(error);

export const notTheProtocol = (server: string, why: string): ServerFailed =>
  new ServerFailed(server, 'protocol', `does not speak the protocol: ${why}.`);
