import { createYielding } from './event-loop-turns.ts';
import type { HeldMemory } from './held-memory.ts';
import { SMALL_BYTES } from './memory-budget.ts';

/** Characters after which a piece of a list is a buffer of its own. */
const PIECE_CHARS = 64 * 1024;
/** Bytes of memory that a piece takes while it is made: the text, and its buffer. */
const BYTES_MADE_PER_CHAR = 3;

/** A JSON list in consecutive pieces. */
export type JsonPieces = { readonly pieces: Buffer[]; readonly bytes: number; readonly count: number };

/**
 * Writes a list as JSON in pieces. It holds the memory of each piece before it makes the next, and lets other work run
 * in between. Rejects with OverBudget, or the reason of the signal.
 */
export async function writeJsonPieces(
  items: Iterable<object> | AsyncIterable<object>,
  held: HeldMemory,
  signal: AbortSignal,
): Promise<JsonPieces> {
  // What an item is made of may take longer than its text.
  const yieldTurn = createYielding(held.holder);
  const pieces: Buffer[] = [];
  let bytes = 0;
  let count = 0;
  let text = '[';
  const cut = (): void => {
    const piece = Buffer.from(text);
    pieces.push(piece);
    bytes += piece.length;
    text = '';
  };
  for await (const item of items) {
    text += `${count === 0 ? '' : ','}${JSON.stringify(item)}`;
    count += 1;
    if (text.length >= PIECE_CHARS) {
      await held.waitToResize(bytes + text.length * BYTES_MADE_PER_CHAR, signal);
      cut();
    }
    await yieldTurn();
    signal.throwIfAborted();
  }
  text += ']';
  if (bytes + text.length > SMALL_BYTES) {
    await held.waitToResize(bytes + text.length * BYTES_MADE_PER_CHAR, signal);
  }
  cut();
  return { pieces, bytes, count };
}
