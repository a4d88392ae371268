const BYTE_VALUES = 256;
/** Beside the byte that leads to a state: whether its first child is the next state, and whether it has others. */
const [BYTE, GOES_ON, FORKS] = [0xff, 0x100, 0x200];

/**
 * Finds many words in one pass (Aho and Corasick, 1975). The time is linear in the text and does not depend on the
 * words. Words are non-empty, different sequences of bytes. A state takes 10 bytes: most states have one child at most,
 * which is the next state.
 */
export class Automaton {
  /** By state: the longest word that ends with it, by number; -1 for none. State 0 is the start. */
  readonly wordAt: Int32Array;
  /** By word: the longest other one that ends with it; -1 for none. */
  readonly wordWithin: Int32Array;
  readonly #steps: Uint16Array;
  /** By state: the longest of its proper ends that is a state. */
  readonly #fallback: Int32Array;
  readonly #first = new Int32Array(BYTE_VALUES);
  /** Children that are not the next state, by `state * 256 + byte`. */
  readonly #forks = new Map<number, number>();
  /** Where states of which each is the child of the one before begin, and how deep. */
  readonly #chains: { readonly state: number; readonly depth: number }[] = [{ state: 0, depth: 0 }];

  constructor(words: readonly Uint8Array[]) {
    const most = words.reduce((sum, { length }) => sum + length, 1);
    const steps = new Uint16Array(most);
    const wordAt = new Int32Array(most).fill(-1);
    this.#steps = steps;
    let states = 1;
    for (const [number, word] of words.entries()) {
      let state = 0;
      for (const [depth, byte] of word.entries()) {
        let child = this.#child(state, byte);
        if (child === 0) {
          child = states++;
          steps[child] = byte;
          if (state === 0) {
            this.#first[byte] = child;
          } else if (child === state + 1) {
            steps[state] = at(steps, state) | GOES_ON;
          } else {
            steps[state] = at(steps, state) | FORKS;
            this.#forks.set(state * BYTE_VALUES + byte, child);
          }
          if (child !== state + 1 || state === 0) {
            this.#chains.push({ state: child, depth: depth + 1 });
          }
        }
        state = child;
      }
      wordAt[state] = number;
    }
    this.wordAt = wordAt.slice(0, states);
    this.wordWithin = new Int32Array(words.length).fill(-1);
    this.#fallback = new Int32Array(states);
    this.#link(states);
  }

  /** The approximate memory in bytes. */
  get bytes(): number {
    return 10 * this.wordAt.length + 64 * this.#forks.size + 1024;
  }

  /** How many bytes a state stands for. */
  depth(state: number): number {
    const chain = this.#chains.findLast((one) => one.state <= state) as { state: number; depth: number };
    return chain.depth + state - chain.state;
  }

  /** The state after another one and a byte. */
  next(from: number, byte: number): number {
    let state = from;
    for (;;) {
      const child = this.#child(state, byte);
      if (child !== 0 || state === 0) {
        return child;
      }
      state = at(this.#fallback, state);
    }
  }

  #child(state: number, byte: number): number {
    if (state === 0) {
      return at(this.#first, byte);
    }
    const step = at(this.#steps, state);
    if ((step & GOES_ON) !== 0 && (at(this.#steps, state + 1) & BYTE) === byte) {
      return state + 1;
    }
    return (step & FORKS) === 0 ? 0 : (this.#forks.get(state * BYTE_VALUES + byte) ?? 0);
  }

  /** Finds what every state falls back to, shorter ones first. */
  #link(states: number): void {
    const queue = new Int32Array(states);
    let queued = 0;
    const add = (child: number, fallback: number): void => {
      this.#fallback[child] = fallback;
      const word = at(this.wordAt, child);
      if (word === -1) {
        this.wordAt[child] = at(this.wordAt, fallback);
      } else {
        this.wordWithin[word] = at(this.wordAt, fallback);
      }
      queue[queued++] = child;
    };
    for (const child of this.#first.filter((state) => state !== 0)) {
      add(child, 0);
    }
    const forks = new Map<number, [number, number][]>();
    for (const [key, child] of this.#forks) {
      const state = Math.floor(key / BYTE_VALUES);
      forks.set(state, [...(forks.get(state) ?? []), [key % BYTE_VALUES, child]]);
    }
    for (let taken = 0; taken < queued; taken++) {
      const state = at(queue, taken);
      const fallback = at(this.#fallback, state);
      if ((at(this.#steps, state) & GOES_ON) !== 0) {
        add(state + 1, this.next(fallback, at(this.#steps, state + 1) & BYTE));
      }
      for (const [byte, child] of forks.get(state) ?? []) {
        add(child, this.next(fallback, byte));
      }
    }
  }
}

/** What stands at a place that is known to be there. */
const at = (list: Int32Array | Uint16Array, place: number): number => list[place] as number;
