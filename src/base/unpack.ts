import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ChunkCollector } from './chunk-collector.ts';

/** The maximum ratio of unpacked to received bytes, above FREE_BYTES. Honest JSON has a tenth of it. */
export const MAX_UNPACKED_RATIO = 100;
/** The unpacked size up to which the ratio does not matter. */
export const UNLIMITED_BYTES = 256 * 1024;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * A body cannot be unpacked. `coding`: its coding is unknown. `broken`: its data does not match its coding. `large`: it
 * exceeds the limit, as received or unpacked. `dense`: it unpacks to more than 100 times its size.
 */
export class UnpackFailed extends Error {
  override readonly name = 'Unpackable';
  readonly kind: 'coding' | 'broken' | 'large' | 'dense';

  constructor(kind: UnpackFailed['kind'], cause?: unknown) {
    super(`The body cannot be unpacked: ${kind}.`, { cause });
    this.kind = kind;
  }
}

/**
 * Removes the content coding of a body (RFC 9110, section 8.4) while it arrives: at most `maxBytes`, and for bodies
 * that outsiders have compressed at most 100 times the received bytes, above 256 KiB. Reads more only when there is
 * `room` for its bytes. Throws Unpackable, or the errors of `chunks` and `room`.
 */
export async function unpack(
  chunks: AsyncIterable<Buffer> | Buffer,
  coding: string | undefined,
  maxBytes: number,
  room: (bytes: number) => Promise<void> | undefined = () => undefined,
): Promise<Buffer> {
  const name = coding?.toLowerCase() ?? 'identity';
  const create = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (create === undefined && name !== 'identity') {
    throw new UnpackFailed('coding');
  }
  let arrived = 0;
  let failure: { readonly error: unknown } | undefined;
  const source = Buffer.isBuffer(chunks) ? Readable.from([chunks]) : chunks;
  async function* bounded(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        arrived += chunk.length;
        if (arrived > maxBytes) {
          throw new UnpackFailed('large');
        }
        yield chunk;
      }
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  }
  const unpacked = new ChunkCollector();
  const collect = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) {
      unpacked.add(piece);
      const { size } = unpacked;
      if (size > maxBytes) {
        throw new UnpackFailed('large');
      }
      if (create !== undefined && size > Math.max(UNLIMITED_BYTES, MAX_UNPACKED_RATIO * arrived)) {
        throw new UnpackFailed('dense');
      }
      try {
        await room(size);
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
  };
  try {
    await (create === undefined ? collect(bounded()) : pipeline(bounded, create(), collect));
  } catch (error) {
    if (failure !== undefined && !(error instanceof UnpackFailed)) {
      throw failure.error;
    }
    if (arrived === 0) {
      // What has no body, such as an answer to HEAD, may name the coding that it would have.
      return Buffer.alloc(0);
    }
    throw error instanceof UnpackFailed || create === undefined ? error : new UnpackFailed('broken', error);
  }
  return unpacked.bytes();
}
