import type { IncomingMessage, ServerResponse } from 'node:http';
import { ChunkCollector } from '../base/chunk-collector.ts';
import { ApiError } from '../base/errors.ts';
import { isTurnOver, nextTurn } from '../base/event-loop-turns.ts';
import { type HeldMemory, OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { MAX_UNPACKED_RATIO, UnpackFailed, unpack } from '../base/unpack.ts';

const MIB = 1024 * 1024;
/**
 * Bytes of a body that are read before others have their turn, and what each of its pieces counts besides: a client can
 * send them byte by byte.
 */
const TURN_BYTES = 64 * 1024;
const PIECE_BYTES = 256;

/**
 * Reads the unpacked body of a request, at most `limit` bytes. Holds memory for bodies from 16 KiB in the scope, and
 * stops reading while there is no room. Throws `body_too_large`, `malformed_json`, `unsupported_media_type`, and
 * OverBudget.
 */
export async function readBytes(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  memory: MemoryScope,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw tooLarge(limit);
  }
  if (request.headers.expect?.toLowerCase() === '100-continue') {
    response.writeContinue();
  }
  return request.headers['content-encoding'] === undefined
    ? readPlain(request, limit, memory)
    : readEncoded(request, limit, memory);
}

function readPlain(request: IncomingMessage, limit: number, memory: MemoryScope): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces = new ChunkCollector();
    let inTurn = 0;
    let held: HeldMemory | undefined;
    const refuse = (error: unknown): void => {
      request.pause();
      reject(error);
    };
    const letGo = (): void => refuse(new OverBudget('share'));
    request.on('data', (chunk: Buffer) => {
      pieces.add(chunk);
      inTurn += chunk.length + PIECE_BYTES;
      const { size } = pieces;
      if (size > limit) {
        refuse(tooLarge(limit));
      } else if (size > SMALL_BYTES) {
        held ??= memory.hold('bodies', 0, letGo);
        if (!held.tryResize(size)) {
          request.pause();
          held.waitToResize(size).then(() => request.resume(), refuse);
          return;
        }
      }
      if (inTurn > TURN_BYTES) {
        inTurn = 0;
        if (isTurnOver()) {
          request.pause();
          void nextTurn(memory.holder).then(() => request.resume());
        }
      }
    });
    request.once('end', () => resolve(pieces.bytes()));
    request.once('error', () => reject(unreadable()));
  });
}

/** Few clients compress their requests: for these, the memory of the maximum body is held. */
async function readEncoded(request: IncomingMessage, limit: number, memory: MemoryScope): Promise<Buffer> {
  const held = memory.hold('bodies', 0);
  await held.waitToResize(limit);
  // A request that is refused has to be answered: its connection is left open.
  const chunks: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  const bytes = await unpack(chunks, request.headers['content-encoding'], limit).catch((error: unknown) => {
    throw error instanceof UnpackFailed ? bodyError(error.kind, limit) : unreadable();
  });
  held.resize(bytes.length);
  return bytes;
}

function bodyError(kind: UnpackFailed['kind'], limit: number): ApiError {
  switch (kind) {
    case 'large':
      return tooLarge(limit);
    case 'dense':
      return new ApiError(
        'body_too_large',
        `The body unpacks to more than ${MAX_UNPACKED_RATIO} times its size; send it without compression.`,
      );
    case 'coding':
      return new ApiError(
        'unsupported_media_type',
        'The Content-Encoding is unknown; use gzip, deflate, br, zstd or none.',
      );
    case 'broken':
      return unreadable();
  }
}

const tooLarge = (limit: number): ApiError =>
  new ApiError(
    'body_too_large',
    `The body is larger than the ${limit < MIB ? `${limit / 1024} KiB` : `${limit / MIB} MiB`} limit.`,
  );
const unreadable = (): ApiError =>
  new ApiError('malformed_json', 'The body is incomplete, or does not match its Content-Encoding.');
