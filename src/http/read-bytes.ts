import type { IncomingMessage, ServerResponse } from 'node:http';
import { raw } from 'express';
import { type Held, OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { ApiError } from '../errors.ts';

const MIB = 1024 * 1024;

/**
 * The body of a request, at most `limit` bytes, unpacked. What arrives is held in the scope, 16 KiB and more; while there
 * is no room for it, nothing more is read. Throws `body_too_large`, `malformed_json`, `unsupported_media_type`, and
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
    : readEncoded(request, response, limit, memory);
}

function readPlain(request: IncomingMessage, limit: number, memory: MemoryScope): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let held: Held | undefined;
    const refuse = (error: unknown): void => {
      request.pause();
      reject(error);
    };
    const letGo = (): void => refuse(new OverBudget('share'));
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) {
        refuse(tooLarge(limit));
      } else if (size > SMALL_BYTES) {
        held ??= memory.hold('bodies', 0, letGo);
        if (!held.tryResize(size)) {
          request.pause();
          held.reach(size).then(() => request.resume(), refuse);
        }
      }
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.once('error', () => reject(unreadable()));
  });
}

/** Hardly any client compresses what it sends: those have as much held for them as they may send. */
async function readEncoded(
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  limit: number,
  memory: MemoryScope,
): Promise<Buffer> {
  const held = memory.hold('bodies', 0);
  await held.reach(limit);
  await new Promise<void>((resolve, reject) => {
    const decode = raw({ type: () => true, limit });
    decode(request as Parameters<typeof decode>[0], response as Parameters<typeof decode>[1], (error?: unknown) => {
      if (error === undefined) {
        resolve();
      } else {
        reject(bodyError(error, limit));
      }
    });
  });
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  held.resize(bytes.length);
  return bytes;
}

function bodyError(error: unknown, limit: number): unknown {
  switch ((error as { type?: string }).type) {
    case 'entity.too.large':
      return tooLarge(limit);
    case 'encoding.unsupported':
      return new ApiError('unsupported_media_type', 'The Content-Encoding is unknown; use gzip, deflate, br or none.');
    default:
      return unreadable();
  }
}

const tooLarge = (limit: number): ApiError =>
  new ApiError('body_too_large', `The body is larger than the ${limit / MIB} MiB that it may have.`);
const unreadable = (): ApiError =>
  new ApiError('malformed_json', 'The body did not arrive whole, or is not encoded as it says.');
