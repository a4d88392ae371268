import type { IncomingMessage, ServerResponse } from 'node:http';
import { raw } from 'express';
import { ApiError } from '../errors.ts';

/** Bytes that a message may have. */
const LARGEST = 4 * 1024 * 1024;

const tooLarge = (): ApiError =>
  new ApiError('body_too_large', `A message may have at most ${LARGEST / 1024 / 1024} MiB.`);
const unreadable = (): ApiError =>
  new ApiError('malformed_json', 'The body did not arrive whole, or is not encoded as it says.');

/** The body of a request, at most 4 MiB. Throws `body_too_large`, `malformed_json`. */
export async function readBytes(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (request.headers.expect?.toLowerCase() === '100-continue') {
    response.writeContinue();
  }
  if (request.headers['content-encoding'] !== undefined) {
    return readEncoded(request, response);
  }
  if (Number(request.headers['content-length'] ?? 0) > LARGEST) {
    throw tooLarge();
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST) {
        request.pause();
        reject(tooLarge());
      }
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.once('error', () => reject(unreadable()));
  });
}

const decode = raw({ type: () => true, limit: LARGEST });

/** Hardly any client compresses what it sends: for those there is the parser of the other APIs. */
function readEncoded(request: IncomingMessage & { body?: unknown }, response: ServerResponse): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    decode(request as Parameters<typeof decode>[0], response as Parameters<typeof decode>[1], (error?: unknown) => {
      if (error !== undefined) {
        reject((error as { type?: string }).type === 'entity.too.large' ? tooLarge() : unreadable());
      } else {
        resolve(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
      }
    });
  });
}
