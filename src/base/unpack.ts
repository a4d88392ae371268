import { pipeline as connect, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { ChunkCollector } from './chunk-collector.ts';

/** The maximum ratio of unpacked to received bytes, above FREE_BYTES. Honest JSON has a tenth of it. */
export const MAX_UNPACKED_RATIO = 100;
/** The unpacked size up to which the ratio does not matter. */
export const UNLIMITED_BYTES = 256 * 1024;

/** The largest window of zstd; every decoder supports it (RFC 8878, section 3.1.1.1.2). */
const ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;
/** Creates the decoder of each coding (RFC 9110, section 8.4.1; RFC 7932; RFC 8878). */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: Math.log2(ZSTD_WINDOW_BYTES) } }),
};
/** The maximum memory of a decoder's window, in bytes: 16 MiB for brotli, 32 KiB and its tables for the older codings. */
const WINDOW_BYTES: Readonly<Record<string, number>> = { br: 16 * 1024 * 1024, zstd: ZSTD_WINDOW_BYTES };
const SMALL_WINDOW_BYTES = 64 * 1024;
/** Codings of one body; every further one would only multiply the work. */
const MAX_CODINGS = 3;

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

/** The codings of a body, in the order of decoding, and the memory that their decoders take, in bytes. */
export type Codings = { readonly names: readonly string[]; readonly windowBytes: number };

/** Reads a Content-Encoding header; null if the body has no coding. Throws UnpackFailed for an unknown coding. */
export function readCodings(header: string | undefined): Codings | null {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
    .toReversed();
  if (names.length > MAX_CODINGS || !names.every((name) => Object.hasOwn(DECODERS, name))) {
    throw new UnpackFailed('coding');
  }
  const windowBytes = names.reduce((sum, name) => sum + (WINDOW_BYTES[name] ?? SMALL_WINDOW_BYTES), 0);
  return names.length === 0 ? null : { names, windowBytes };
}

/**
 * Removes the codings of a stream as it arrives, no faster than the result is read. It fails with the result of `failed`
 * for data that does not match its coding or unpacks to more than 100 times its size, above 256 KiB; and with the error of
 * `packed`. It owns `packed`: the end of one is the end of the other.
 */
export function unpackStream(packed: Readable, { names }: Codings, failed: (failure: UnpackFailed) => Error): Readable {
  let arrivedBytes = 0;
  let unpackedBytes = 0;
  const arrived = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      arrivedBytes += chunk.length;
      done(null, chunk);
    },
  });
  const unpacked = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      unpackedBytes += chunk.length;
      const isDense = unpackedBytes > Math.max(UNLIMITED_BYTES, MAX_UNPACKED_RATIO * arrivedBytes);
      done(isDense ? failed(new UnpackFailed('dense')) : null, chunk);
    },
  });
  const decoders = names.map((name) => (DECODERS[name] as () => Transform)());
  for (const decoder of decoders) {
    decoder.once('error', (cause) => unpacked.destroy(failed(new UnpackFailed('broken', cause))));
  }
  connect([packed, arrived, ...decoders, unpacked], () => undefined);
  return unpacked;
}
