import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type UnpackFailed, unpack } from '../../src/base/unpack.ts';

const codings: [string, (bytes: Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  // The most that brotli can do, its default, takes seconds.
  ['br', (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
];
const KIB = 1024;

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}
const kindOf = (unpacking: Promise<Buffer>) =>
  unpacking.then(
    () => 'none',
    ({ kind }: UnpackFailed) => kind,
  );

test.each(codings)('%s: unpacks the original bytes from chunks of any size', async (coding, pack) => {
  const text = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, n) => ({ id: n, name: `n${n * 7919}` }))));
  for (const size of [7, 4096, text.length]) {
    expect((await unpack(inPieces(pack(text), size), coding.toUpperCase(), text.length)).equals(text)).toBe(true);
  }
});

test.each(codings)(
  '%s: unpacks up to 256 KiB of any density, and beyond that up to 100 times the received size',
  async (coding, pack) => {
    const zeros = (bytes: number) => pack(Buffer.alloc(bytes));
    expect(await unpack(zeros(256 * KIB), coding, 1024 * KIB)).toHaveLength(256 * KIB);
    expect(await kindOf(unpack(zeros(1024 * KIB), coding, 4096 * KIB))).toBe('dense');
    expect(await kindOf(unpack(zeros(64 * 1024 * KIB), coding, 1024 * 1024 * KIB))).toBe('dense');
    expect(await kindOf(unpack(zeros(256 * KIB), coding, 128 * KIB))).toBe('large');
  },
);

test('refuses a body that cannot be unpacked, with the reason', async () => {
  const text = Buffer.from('text');
  expect(await kindOf(unpack(text, 'compress', 100))).toBe('coding');
  expect(await kindOf(unpack(text, 'zstd', 100))).toBe('broken');
  expect(await kindOf(unpack(text, 'gzip, br', 100))).toBe('coding');
  expect(await kindOf(unpack(text, 'gzip', 100))).toBe('broken');
  expect(await kindOf(unpack(gzipSync(text).subarray(0, -1), 'gzip', 100))).toBe('broken');
  expect(await kindOf(unpack(text, undefined, 3))).toBe('large');
  expect(await unpack(text, 'identity', 4)).toEqual(text);
  expect(await unpack(Buffer.alloc(0), 'gzip', 4)).toHaveLength(0);
});

test('passes on the error of a body that fails while it arrives', async () => {
  const broken = async function* () {
    yield gzipSync('text').subarray(0, 5);
    throw new Error('the connection broke');
  };
  await expect(unpack(broken(), 'gzip', 100)).rejects.toThrow('the connection broke');
});
