import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { Identified } from '../http/context.ts';
import { memoryOf } from '../http/memory.ts';
import { type Mask, maskOf, type Room } from '../runtime/mask.ts';
import type { Target } from '../runtime/target.ts';

/**
 * Takes the secrets of a server out of what it answers to a request: not those that the request held. A large one is held
 * in the memory budget as long as the request goes on.
 */
export async function maskForAnswer(request: Identified, target: Target, sent: unknown): Promise<Mask | null> {
  const mask = maskOf(target);
  if (mask !== null && mask.bytes > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).waitToResize(mask.bytes);
  }
  return (await mask?.withoutSent(sent)) ?? null;
}

/** The room for what a mask holds back of an answer that comes in pieces. */
export function roomFor(request: Identified): Room {
  const memory = memoryOf(request);
  const held = memory.hold('answers', 0);
  return (bytes) => bytes <= memory.messageBytes && held.tryResize(bytes);
}
