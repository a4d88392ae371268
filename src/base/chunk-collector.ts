/** Pieces that are smaller are copied into blocks of this size: each alone would keep alive the buffer that it was read into. */
const COPIED_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;

/**
 * Collects the pieces of a text or body, and uses about as much memory as they have bytes, however small each piece is.
 */
export class ChunkCollector {
  readonly #whole: Buffer[] = [];
  #block: Buffer | undefined;
  #used = 0;
  #size = 0;

  /** The number of bytes so far. */
  get size(): number {
    return this.#size;
  }

  add(piece: Buffer): void {
    this.#size += piece.length;
    // Hardly anything small comes in more than one piece.
    if (piece.length >= COPIED_BYTES || this.#whole.length + (this.#block === undefined ? 0 : 1) === 0) {
      this.#endBlock();
      this.#whole.push(piece);
      return;
    }
    if (this.#block === undefined || this.#used + piece.length > BLOCK_BYTES) {
      this.#endBlock();
      this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    }
    this.#used += piece.copy(this.#block, this.#used);
  }

  /** Returns all pieces in one buffer. Nothing can be added afterwards. */
  bytes(): Buffer {
    this.#endBlock();
    const [only, ...more] = this.#whole;
    return only !== undefined && more.length === 0 ? only : Buffer.concat(this.#whole, this.#size);
  }

  #endBlock(): void {
    if (this.#block !== undefined) {
      this.#whole.push(this.#block.subarray(0, this.#used));
      this.#block = undefined;
      this.#used = 0;
    }
  }
}
