/** Children from which on a state has a row of its own, so that no step has to look through many. */
const MOST_LISTED = 8;
const SYMBOLS = 256;

/**
 * Finds many words at once, in one pass whose time is linear in the text, whatever the words are (Aho and Corasick, 1975).
 * Words are sequences of bytes, none of them empty.
 */
export class Automaton {
  /** By state: how many bytes it stands for. State 0 is the start. */
  readonly depth: Int32Array;
  /** By state: the longest word that ends with it, by number; -1 for none. */
  readonly wordAt: Int32Array;
  /** By word: the longest other one that ends with it; -1 for none. */
  readonly wordWithin: Int32Array;
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  readonly #symbol: Uint8Array;
  /** By state: the longest of its proper ends that is a state. */
  readonly #fallback: Int32Array;
  /** By state: where its row begins; -1 for none. */
  readonly #row: Int32Array;
  readonly #rows: Int32Array;

  constructor(words: readonly Uint8Array[]) {
    const most = words.reduce((sum, { length }) => sum + length, 1);
    this.depth = new Int32Array(most);
    this.wordAt = new Int32Array(most).fill(-1);
    this.wordWithin = new Int32Array(words.length).fill(-1);
    this.#firstChild = new Int32Array(most);
    this.#nextSibling = new Int32Array(most);
    this.#symbol = new Uint8Array(most);
    this.#fallback = new Int32Array(most);
    this.#row = new Int32Array(most).fill(-1);
    const children = new Int32Array(most);
    this.#row[0] = 0;
    const rows: number[] = new Array(SYMBOLS).fill(0);
    let states = 1;
    for (const [number, word] of words.entries()) {
      let state = 0;
      for (const symbol of word) {
        let child = this.#listed(state, symbol);
        if (child === 0) {
          child = states++;
          this.#symbol[child] = symbol;
          this.depth[child] = at(this.depth, state) + 1;
          this.#nextSibling[child] = at(this.#firstChild, state);
          this.#firstChild[state] = child;
          children[state] = at(children, state) + 1;
        }
        state = child;
      }
      this.wordAt[state] = number;
    }
    for (let state = 0; state < states; state++) {
      if (state > 0 && at(children, state) > MOST_LISTED) {
        this.#row[state] = rows.length;
        rows.push(...new Array<number>(SYMBOLS).fill(0));
      }
      const row = at(this.#row, state);
      for (let child = at(this.#firstChild, state); row !== -1 && child !== 0; child = at(this.#nextSibling, child)) {
        rows[row + at(this.#symbol, child)] = child;
      }
    }
    this.#rows = Int32Array.from(rows);
    this.#link(states);
  }

  /** The state after another one and a byte. */
  next(from: number, symbol: number): number {
    let state = from;
    for (;;) {
      const child = this.#child(state, symbol);
      if (child !== 0 || state === 0) {
        return child;
      }
      state = at(this.#fallback, state);
    }
  }

  #child(state: number, symbol: number): number {
    const row = at(this.#row, state);
    return row === -1 ? this.#listed(state, symbol) : at(this.#rows, row + symbol);
  }

  #listed(state: number, symbol: number): number {
    let child = at(this.#firstChild, state);
    while (child !== 0 && this.#symbol[child] !== symbol) {
      child = at(this.#nextSibling, child);
    }
    return child;
  }

  /** Finds what every state falls back to, shorter ones first. */
  #link(states: number): void {
    const queue = new Int32Array(states);
    let queued = 1;
    for (let taken = 0; taken < queued; taken++) {
      const state = at(queue, taken);
      for (let child = at(this.#firstChild, state); child !== 0; child = at(this.#nextSibling, child)) {
        const fallback = state === 0 ? 0 : this.next(at(this.#fallback, state), at(this.#symbol, child));
        this.#fallback[child] = fallback;
        const word = at(this.wordAt, child);
        if (word === -1) {
          this.wordAt[child] = at(this.wordAt, fallback);
        } else {
          this.wordWithin[word] = at(this.wordAt, fallback);
        }
        queue[queued++] = child;
      }
    }
  }
}

/** What stands at a place that is known to be there. */
const at = (list: Int32Array | Uint8Array, place: number): number => list[place] as number;
