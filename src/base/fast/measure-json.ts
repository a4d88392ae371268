import { MAX_PIECE_BYTES, measurePiece, piece, STATE, state } from './json-blocks.ts';

/** How much a JSON text holds: its values (objects, lists and scalars, not member names), and its levels of objects and lists. */
export type JsonSize = { readonly values: number; readonly levels: number };

/** The maximum number of bytes of a character in UTF-8; one that takes four is two characters of a string. */
const CHAR_BYTES = 3;
const PIECE_CHARS = Math.floor(MAX_PIECE_BYTES / CHAR_BYTES);

/**
 * Measures a JSON text, as a string or as UTF-8, without parsing it. Walking through the parsed value takes far longer if
 * its objects have many members. Stops above `mostValues`, and counts one more at most. For invalid JSON the result means nothing.
 */
export function measureJson(text: string | Buffer, mostValues = Number.POSITIVE_INFINITY): JsonSize {
  state.fill(0);
  state[STATE.values] = 1;
  const step = typeof text === 'string' ? PIECE_CHARS : MAX_PIECE_BYTES;
  for (let at = 0; at < text.length && (state[STATE.values] as number) <= mostValues; at += step) {
    // In UTF-8, no byte of another character looks like one that counts: a character may be cut.
    const bytes =
      typeof text === 'string' ? piece.write(text.slice(at, at + step)) : text.copy(piece, 0, at, at + step);
    measurePiece(bytes);
  }
  return { values: Math.min(state[STATE.values] as number, mostValues + 1), levels: state[STATE.levels] as number };
}
