import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { isObject } from '../base/json.ts';
import { createTurns } from '../base/turns.ts';
import { writeJson } from '../base/unparsed.ts';
import { type ErrorCode, helpLink } from '../errors.ts';
import type { Identified } from '../http/context.ts';
import { holdAnswer } from '../http/memory.ts';
import type { ServerMessage } from '../runtime/messages.ts';
import type { CallNote } from './ended-calls.ts';

/** Milliseconds of silence after which a stream says that it is still there. */
const KEEP_ALIVE = 25_000;
const EVENT_STREAM = 'text/event-stream';

/**
 * What a client reads, and what it would rather have: what it names first. One that says nothing reads everything but
 * events.
 */
export function acceptOf(request: IncomingMessage): { readonly events: boolean; readonly prefersEvents: boolean } {
  const accept = request.headers.accept ?? '*/*';
  const events = accept.indexOf(EVENT_STREAM);
  const json = accept.search(/application\/(?:json|\*)|\*\/\*/);
  return { events: events !== -1, prefersEvents: events !== -1 && (json === -1 || events < json) };
}

const HELP: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  429: 'rate_limited',
  503: 'unavailable',
};

/** Links an answer to where the catalogue speaks of errors with its status. What a server refuses is its own matter. */
export function linkHelp(response: ServerResponse, publicUrl: string, status: number): void {
  response.setHeader('Link', helpLink(publicUrl, HELP[status] ?? 'server_failed'));
}

/** Answers with one message in JSON, as it is or as the only event of a stream (a success). Returns its bytes. */
export function sendJson(request: Identified, response: ServerResponse, status: number, json: string | Buffer): number {
  if (status === 200 && acceptOf(request).prefersEvents) {
    // A line of an event ends where the JSON has a line of its own.
    beginEvents(response).end(`event: message\ndata: ${String(json).replaceAll(/[\r\n]+/g, ' ')}\n\n`);
  } else {
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json');
    response.end(json);
  }
  if (typeof json === 'string') {
    // Bytes are held since they were read.
    holdAnswer(request, response);
  }
  return Buffer.byteLength(json);
}

/** Answers a request with its result, as `sendJson` does. */
export const sendResult = (request: Identified, response: ServerResponse, id: unknown, result: object): number =>
  sendJson(request, response, 200, writeJson({ jsonrpc: '2.0', id, result }));

/**
 * Answers with messages as they come, the last one the response: as events, unless the response is all there is or all
 * that the client reads. `note` hears what the response was.
 */
export async function sendMessages(
  request: Identified,
  response: ServerResponse,
  messages: AsyncIterable<ServerMessage>,
  note: CallNote,
): Promise<void> {
  const { events } = acceptOf(request);
  let alive: NodeJS.Timeout | undefined;
  let turn: ReturnType<typeof createTurns> | undefined;
  try {
    for await (const message of messages) {
      const isResponse = message.method === undefined;
      const text = writeJson(message);
      if (isResponse) {
        note.isError = isFailure(message);
        note.responseBytes += Buffer.byteLength(text);
      }
      if (isResponse && !response.headersSent) {
        sendJson(request, response, 200, text);
        return;
      }
      if (isResponse || events) {
        if (!response.headersSent) {
          beginEvents(response);
          alive = setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE);
          turn = createTurns();
        }
        await write(response, `event: message\ndata: ${text}\n\n`);
      }
      if (!isResponse) {
        await turn?.(text.length);
      }
    }
    response.end();
  } finally {
    clearInterval(alive);
  }
}

const isFailure = ({ error, result }: ServerMessage): boolean =>
  error !== undefined || (isObject(result) && result.isError === true);

/** Passes a stream on as it comes, no faster than the client reads; events are kept alive between them. */
export async function sendBody(
  response: ServerResponse,
  body: Readable,
  isEvents: boolean,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  const turn = createTurns();
  let isBetween = true;
  const alive = isEvents ? setInterval(() => isBetween && response.write(': keep-alive\n\n'), KEEP_ALIVE) : undefined;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      onChunk(chunk);
      isBetween = chunk.at(-1) === 0x0a && (chunk.at(-2) === 0x0a || chunk.at(-3) === 0x0a);
      await write(response, chunk);
      await turn(chunk.length);
    }
    response.end();
  } finally {
    clearInterval(alive);
  }
}

/** Begins a stream of events. */
export function beginEvents(response: ServerResponse, status = 200): ServerResponse {
  // Proxies on the way must not wait for more (2026-07-28, "Receiving Messages").
  const unbuffered = { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
  response.writeHead(status, { 'Content-Type': EVENT_STREAM, ...unbuffered }).flushHeaders();
  return response;
}

/** Resolves when the client has room for more, or is gone. */
function write(response: ServerResponse, chunk: string | Buffer): Promise<void> | undefined {
  if (response.write(chunk) || response.closed) {
    return undefined;
  }
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}
