import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpackedBytes } from '../../src/base/gzip.ts';

test.each([0, 1, 70_000])('reads the unpacked size of %i bytes', (length) => {
  const packed = gzipSync(Buffer.alloc(length, 'x'));
  expect(unpackedBytes(packed)).toBe(length);
  expect(unpackedBytes(new Uint8Array([...new Uint8Array(3), ...packed]).subarray(3))).toBe(length);
});
