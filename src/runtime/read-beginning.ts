import type { Readable } from 'node:stream';
import { SMALL_BYTES } from '../base/memory-budget.ts';

/**
 * The beginning of a body: all of it, or more than 16 KiB. In the second case the body can still be read from its
 * start.
 */
export type Beginning = { readonly bytes: Buffer; readonly isWhole: boolean };

/** Reads the beginning of a body. Throws the errors of the body. */
export async function readBeginning(body: Readable): Promise<Beginning> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > SMALL_BYTES) {
      const bytes = Buffer.concat(chunks);
      body.unshift(bytes);
      return { bytes, isWhole: false };
    }
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}
