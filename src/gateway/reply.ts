import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { type ErrorCode, helpLink } from '../base/errors.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { createStreamTurns } from '../base/stream-turns.ts';
import { writeJson } from '../base/unparsed.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';
import type { Identified } from '../http/context.ts';
import { holdAnswer } from '../http/memory.ts';
import type { Mask } from '../runtime/mask.ts';
import type { StreamMask } from '../runtime/stream-mask.ts';
import type { RpcError, RpcId } from './message.ts';
import type { ToolList, ToolListUser } from './tool-lists.ts';

/** Milliseconds of silence after which a stream says that it is still there. */
export const KEEP_ALIVE_MS = 25_000;
/** The media type of streams of events. */
export const EVENT_STREAM = 'text/event-stream';
const [LF, CR, SPACE] = [0x0a, 0x0d, 0x20];

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
    beginEvents(response).write('event: message\ndata: ');
    // What the gateway writes itself has one line.
    response.write(typeof json === 'string' ? json : inOneLine(json));
    response.end('\n\n');
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

/** Answers with a JSON-RPC error, as the answer to the message with this id. */
export function sendRpcError(
  request: Identified,
  response: ServerResponse,
  publicUrl: string,
  { code, message, data, status = code === RPC_ERROR_CODES.invalidRequest ? 400 : 200 }: RpcError,
  id: RpcId = null,
): void {
  if (status !== 200) {
    linkHelp(response, publicUrl, status);
  }
  const body = { jsonrpc: '2.0', error: { code, message, ...(data && { data }) }, id };
  sendJson(request, response, status, JSON.stringify(body));
}

/** Uses a list of tools for an answer, as long as its exchange goes on. */
export const listUser = (response: ServerResponse, signal: AbortSignal): ToolListUser => ({
  signal,
  onLetGo: () => {
    if (response.headersSent) {
      response.destroy();
    }
  },
});

/**
 * Answers `tools/list` as `sendJson` does. Of a large list each piece is written when the client has taken the one before,
 * so that nothing of it waits but what all who ask for it share. Returns its bytes; rejects with the reason of the signal.
 */
export async function sendList(
  request: Identified,
  response: ServerResponse,
  signal: AbortSignal,
  { id, list, besides }: { readonly id: unknown; readonly list: ToolList; readonly besides: object },
): Promise<number> {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":`);
  const rest = Object.keys(besides).length === 0 ? '' : `,${JSON.stringify(besides).slice(1, -1)}`;
  const tail = Buffer.from(`${rest}}}`);
  const bytes = head.length + list.bytes + tail.length;
  const pieces = [head, ...list.pieces, tail];
  if (bytes <= SMALL_BYTES) {
    return sendJson(request, response, 200, Buffer.concat(pieces));
  }
  await sendPieces(request, response, until(signal, pieces), bytes);
  return bytes;
}

function* until<T>(signal: AbortSignal, pieces: Iterable<T>): Generator<T> {
  for (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}

/**
 * Answers as `sendJson` does with JSON that comes in pieces, each written when the client has taken the one before. Nothing
 * is sent before the first has come. `length` is that of all of them in bytes, where it is known.
 */
export async function sendPieces(
  request: Identified,
  response: ServerResponse,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  length: number | undefined,
): Promise<void> {
  const areEvents = acceptOf(request).prefersEvents;
  const turn = createStreamTurns();
  for await (const piece of pieces) {
    if (!response.headersSent && areEvents) {
      beginEvents(response).write('event: message\ndata: ');
    } else if (!response.headersSent) {
      const headers = { 'Content-Type': 'application/json', ...(length !== undefined && { 'Content-Length': length }) };
      response.writeHead(200, headers);
    }
    await writeWithBackpressure(response, areEvents ? inOneLine(piece) : piece);
    await turn(piece.length);
  }
  response.end(areEvents ? '\n\n' : undefined);
}

/** JSON of a server without its line ends, with which a line of an event would end; it is changed in place. */
export function inOneLine(json: Buffer): Buffer {
  if (json.includes(LF) || json.includes(CR)) {
    for (let at = 0; at < json.length; at++) {
      if (json[at] === LF || json[at] === CR) {
        json[at] = SPACE;
      }
    }
  }
  return json;
}

/** Answers a request with its result, as `sendJson` does. */
export const sendResult = (request: Identified, response: ServerResponse, id: unknown, result: object): number =>
  sendJson(request, response, 200, writeJson({ jsonrpc: '2.0', id, result }));

/** The same in a server's words, out of which the mask takes what no client may read. */
export async function sendMasked(
  request: Identified,
  response: ServerResponse,
  id: unknown,
  result: object,
  mask: Mask | null,
): Promise<void> {
  const text = writeJson({ jsonrpc: '2.0', id, result });
  sendJson(request, response, 200, mask === null ? text : await mask.result(text));
}

/**
 * Passes a stream on as it comes, or through `pieces`, no faster than the client reads; events are kept alive between
 * them. `onChunk` hears what came.
 */
export async function sendBody(
  response: ServerResponse,
  body: Readable,
  { areEvents, pieces }: { readonly areEvents: boolean; readonly pieces: StreamMask | null },
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  const turn = createStreamTurns();
  let isBetween = true;
  const send = async (chunks: Iterable<Buffer>): Promise<void> => {
    for (const chunk of chunks) {
      if (chunk.length > 0) {
        isBetween = chunk.at(-1) === 0x0a && (chunk.at(-2) === 0x0a || chunk.at(-3) === 0x0a);
        await writeWithBackpressure(response, chunk);
        await turn(chunk.length);
      }
    }
  };
  const alive = areEvents
    ? setInterval(() => isBetween && response.write(': keep-alive\n\n'), KEEP_ALIVE_MS)
    : undefined;
  try {
    for await (const came of body as AsyncIterable<Buffer>) {
      onChunk(came);
      await send(pieces === null ? [came] : pieces.add(came));
      await turn(came.length);
    }
    await send(pieces?.end() ?? []);
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
