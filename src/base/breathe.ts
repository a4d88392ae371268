import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that one piece of long work may hold up everything else. */
const TURN_MS = 5;

/** Makes a function to be awaited between the pieces of long work: it lets others have their turn when it is time to. */
export function createBreathing(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < TURN_MS) {
      return undefined;
    }
    return nextTurn().then(() => {
      began = performance.now();
    });
  };
}
