import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { Identified } from '../http/context.ts';
import { memoryOf } from '../http/memory.ts';
import { type Mask, maskOf } from '../runtime/mask.ts';
import type { Room } from '../runtime/stream-mask.ts';
import type { Target } from '../runtime/target.ts';

/**
 * Returns the mask for the answer to a request: it hides the secrets of the server, except those in the request
 * itself. The memory of a large mask is held until the end of the request.
 */
export async function maskForAnswer(request: Identified, target: Target, sent: unknown): Promise<Mask | null> {
  const mask = maskOf(target);
  if (mask !== null && mask.bytes > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).waitToResize(mask.bytes);
  }
  return (await mask?.withoutSent(sent)) ?? null;
}

/** Returns a function that holds the memory of the data that a mask holds back from a stream. */
export function roomFor(request: Identified): Room {
  const memory = memoryOf(request);
  const held = memory.hold('answers', 0);
  return (bytes) => bytes <= memory.messageBytes && held.tryResize(bytes);
}
