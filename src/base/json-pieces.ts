import { createYielding } from './event-loop-turns.ts';
import type { HeldMemory } from './held-memory.ts';
import { SMALL_BYTES } from './memory-budget.ts';

/** Characters after which a piece of a list is a buffer of its own. */
const PIECE_CHARS = 64 * 1024;
/** Bytes of memory that a piece takes while it is made: the text, and its buffer. */
const BYTES_MADE_PER_CHAR = 3;

/** A JSON list in consecutive pieces. */
export type JsonPieces = { readonly pieces: Buffer[]; readonly bytes: number; readonly count: number };

/** The maximum number of items of a list, and the maximum size of its JSON in bytes. The first item always fits. */
export type ListLimits = { readonly items: number; readonly bytes: number };

const UNLIMITED: ListLimits = { items: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/**
 * Writes a list as JSON in pieces, up to the limits: `lastOfMore` is then the last written item, and undefined if no item
 * is left. It holds the memory of each piece before it makes the next, and lets other work run in between. Rejects with
 * OverBudget, or the reason of the signal.
 */
export async function writeJsonPieces<T extends object>(
  items: Iterable<T> | AsyncIterable<T>,
  held: HeldMemory,
  signal: AbortSignal,
  limits: ListLimits = UNLIMITED,
): Promise<JsonPieces & { readonly lastOfMore: T | undefined }> {
  // What an item is made of may take longer than its text.
  const yieldTurn = createYielding(held.holder);
  const pieces: Buffer[] = [];
  let bytes = 0;
  let count = 0;
  let text = '[';
  let last: T | undefined;
  let lastOfMore: T | undefined;
  /** The size of the list up to here with its closing bracket, in bytes. */
  let size = '[]'.length;
  const cut = (): void => {
    const piece = Buffer.from(text);
    pieces.push(piece);
    bytes += piece.length;
    text = '';
  };
  for await (const item of items) {
    const json = `${count === 0 ? '' : ','}${JSON.stringify(item)}`;
    size += Buffer.byteLength(json);
    if (last !== undefined && (count === limits.items || size > limits.bytes)) {
      lastOfMore = last;
      break;
    }
    text += json;
    last = item;
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
  return { pieces, bytes, count, lastOfMore };
}
