import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkCollector } from '../../src/base/chunk-collector.ts';

test('chunks of any size are joined in their order', () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ minLength: 1000, maxLength: 1100 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 50 }), (all) => {
      const pieces = new ChunkCollector();
      for (const one of all) {
        pieces.add(Buffer.from(one));
      }
      expect(pieces.size).toBe(all.reduce((sum, { length }) => sum + length, 0));
      expect(pieces.bytes().equals(Buffer.concat(all))).toBe(true);
    }),
  );
});

test('a million chunks of one byte take about a million bytes of memory', () => {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const pieces = new ChunkCollector();
  const source = Buffer.alloc(64 * 1024, 1);
  for (let count = 0; count < 1_000_000; count++) {
    pieces.add(source.subarray(count % source.length, (count % source.length) + 1));
  }
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4_000_000);
  expect(pieces.bytes()).toHaveLength(1_000_000);
});

test('a single chunk is returned without a copy', () => {
  const pieces = new ChunkCollector();
  const only = Buffer.from('{}');
  pieces.add(only);
  expect(pieces.bytes()).toBe(only);
});
