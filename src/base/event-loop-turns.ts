import { createFairQueue } from './fair-queue.ts';

/** Milliseconds that streams may hold up everything else: turns of their own for each piece would cost a fifth of their CPU. */
const TURN_MS = 5;
/** The same in turns in which clients connect: Node accepts one connection in each, and hundreds may wait. */
const ARRIVAL_TURN_MS = 1;
/** The same of other long work. A call of somebody else takes some four turns, and may wait for a piece in each. */
const PIECE_MS = 1;
/** The owner of work without a known owner. */
const UNKNOWN_OWNER = '';

const waiting = createFairQueue<() => void>();
let isTaking = false;

function takeNext(): void {
  waiting.take()?.item();
  isTaking = waiting.size() > 0;
  if (isTaking) {
    setImmediate(takeNext);
  }
}

let turnBeganAt: number | undefined;
const endTurn = (): void => {
  turnBeganAt = undefined;
};

let isArriving = false;

/** Notes that a client has connected: more clients may wait for the next turns of the event loop. */
export function noteArrival(): void {
  if (!isArriving) {
    isArriving = true;
    // The next turn accepts the next connection; the one after it ends this state.
    setImmediate(() => setImmediate(() => (isArriving = false)));
  }
}

/** Whether pieces of long work have used up this turn of the event loop. New work then waits for its own turn. */
export function isTurnOver(): boolean {
  const now = performance.now();
  if (turnBeganAt === undefined) {
    turnBeganAt = now;
    setImmediate(endTurn);
    return false;
  }
  return now - turnBeganAt > (isArriving ? ARRIVAL_TURN_MS : TURN_MS);
}

let begun = 0;

/** Returns the rank of a piece of work that begins now. */
export const nextRank = (): number => ++begun;

/**
 * Resolves when a piece of long work may continue. Only one piece continues in each turn of the event loop, and the
 * owners take turns, so other work waits for one piece at most. For one owner, the work that began first continues
 * first: finished work holds no memory, unfinished work does.
 */
export function nextTurn(owner: string | null = UNKNOWN_OWNER, rank?: number): Promise<void> {
  return new Promise((resolve) => {
    waiting.add(owner ?? UNKNOWN_OWNER, resolve, rank);
    if (!isTaking) {
      isTaking = true;
      setImmediate(takeNext);
    }
  });
}

/** Makes a function to await between the pieces of long work. It lets other work run when its turn has come. */
export function createYielding(owner?: string | null): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < PIECE_MS) {
      return undefined;
    }
    return nextTurn(owner).then(() => {
      began = performance.now();
    });
  };
}
