import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { splitJson } from '../base/split-json.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';
import { EventPart } from './event-part.ts';
import { invalidJson, MAX_MESSAGE_VALUES, type Message, RpcError } from './message.ts';
import { acceptOf } from './reply.ts';

/** The only version with batches. A client that sends no version speaks it (MCP 2025-06-18, "Transports"). */
const VERSION_OF_BATCHES = '2025-03-26';
/** The maximum number of messages in a batch. */
const MAX_BATCH_MESSAGES = 100;
/** Characters at the start of a body in which a batch must begin. */
const MAX_INDENT_CHARS = 64;

/** Whether a body is a batch of a version that has batches. */
export const isBatch = ({ headers }: IncomingMessage, bytes: Buffer): boolean =>
  bytes.toString('latin1', 0, MAX_INDENT_CHARS).trimStart().startsWith('[') &&
  (headers['mcp-protocol-version'] ?? VERSION_OF_BATCHES) === VERSION_OF_BATCHES;

/**
 * Splits a batch into its messages, as they were written. Throws an RpcError if it is empty, too long, or not JSON, or if
 * the client does not accept the answer.
 */
export async function splitBatch(request: IncomingMessage, bytes: Buffer): Promise<readonly Buffer[]> {
  if (!acceptOf(request).events) {
    const what = 'A batch is answered in a stream of events: accept text/event-stream too.';
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, what);
  }
  const text = isUtf8(bytes) ? bytes.toString('utf8') : '';
  const whole = await splitJson(text, { levels: 1, mostParts: MAX_BATCH_MESSAGES + 1, mostValues: MAX_MESSAGE_VALUES });
  if (whole === 'no JSON') {
    throw invalidJson();
  }
  if (whole === 'too many' || whole.parts.length === 0) {
    throw new RpcError(
      RPC_ERROR_CODES.invalidRequest,
      `A batch may hold 1 to ${MAX_BATCH_MESSAGES} messages, and at most ${MAX_MESSAGE_VALUES} values.`,
    );
  }
  return whole.parts.map((part) => Buffer.from(part.text));
}

/** The answer to a batch: a stream of events, in which every request gets its response. */
export class BatchAnswer {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Adds the answer to one message, which `answer` writes to a part. Resolves when the client can receive more. */
  async add(request: IncomingMessage, answer: (part: EventPart) => Promise<void>): Promise<void> {
    using part = new EventPart(request, this.#response);
    await answer(part);
    if (this.#response.writableNeedDrain) {
      await writeWithBackpressure(this.#response, '');
    }
  }

  /** Ends the answer: 202 if no message has got an answer. */
  end(): void {
    if (!this.#response.headersSent) {
      this.#response.writeHead(202);
    }
    this.#response.end();
  }
}

/** Checks a message of a batch: one that wants no response gets none. Throws an RpcError for `initialize`. */
export function admitToBatch(part: EventPart, { id, method }: Pick<Message, 'id' | 'method'>): void {
  if (method === 'initialize') {
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, '`initialize` must not be in a batch: send it alone.');
  }
  if (id === undefined || method === undefined) {
    part.mute();
  }
}
