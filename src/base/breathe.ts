import { createFairQueue } from './fair-queue.ts';

/** Milliseconds that streams may hold up everything else: turns of their own for each piece would cost a fifth of their CPU. */
const TURN_MS = 5;
/** The same in turns in which clients connect: Node accepts one connection in each, and hundreds may wait. */
const ARRIVAL_TURN_MS = 1;
/** The same of other long work. A call of somebody else takes some four turns, and may wait for a piece in each. */
const PIECE_MS = 1;
/** Of work whose owner is not known. */
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

/** A client has connected: others may wait for the next turns. */
export function noteArrival(): void {
  if (!isArriving) {
    isArriving = true;
    // The next turn accepts the next connection; the one after it ends this state.
    setImmediate(() => setImmediate(() => (isArriving = false)));
  }
}

/** Whether pieces of long work have taken this turn of the event loop: what comes now waits for a turn of its own. */
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

/** The rank of a piece of work that begins now. */
export const nextRank = (): number => ++begun;

/**
 * Resolves when a piece of long work may go on. One piece goes on in each turn of the event loop, however many wait, and
 * the owners of the work take turns: so others are held up by one piece at most. Of one owner's work, that which began
 * first goes on first: what is finished holds no memory, and what is half done holds some.
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

/** Makes a function to be awaited between the pieces of long work: it lets others have their turn when it is time to. */
export function createBreathing(owner?: string | null): () => Promise<void> | undefined {
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
