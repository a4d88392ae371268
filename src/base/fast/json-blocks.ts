import { WASM } from '../../../generated/json-blocks.ts';

type Exports = {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly findEnd: (bytes: number) => number;
  readonly measure: (bytes: number) => void;
};

const { memory, findEnd, measure } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(WASM, 'base64')))
  .exports as Exports;

/** The maximum number of bytes of a piece. */
export const MAX_PIECE_BYTES = 16 * 1024;
/** Where a piece is written before it is read. The next piece overwrites it, also one of another text. */
export const piece = Buffer.from(memory.buffer, 64, MAX_PIECE_BYTES);
/** The state of the text that is read: its numbers have the places of `STATE`. Other texts are read in between. */
export const state = new Int32Array(memory.buffer, 0, 7);
/** The places of the numbers in `state`; `json-blocks.wat` says their meaning. */
export const STATE = { inString: 0, isEscaped: 1, open: 2, values: 3, level: 4, levels: 5, hasOpened: 6 } as const;

/**
 * Finds the end of the outermost open object or list in the first bytes of the piece. Returns the number of bytes up to
 * its end, or -1.
 */
export const findEndInPiece: (bytes: number) => number = findEnd;
/** Adds the values and levels of the first bytes of the piece to the state. */
export const measurePiece: (bytes: number) => void = measure;
