import { isTurnOver, nextTurn } from './breathe.ts';

/** Bytes that one stream may pass on before it asks whether it is the turn of another. */
const TURN_BYTES = 64 * 1024;

/**
 * Makes a function that a stream calls after each piece of so many bytes, and awaits. When streams have taken a turn of the
 * event loop for long enough, one goes on in each turn: Node accepts one connection in each, so that clients would wait
 * for all.
 */
export function createTurns(): (bytes: number) => Promise<void> | undefined {
  let passed = 0;
  return (bytes) => {
    passed += bytes;
    if (passed < TURN_BYTES) {
      return undefined;
    }
    passed = 0;
    return isTurnOver() ? nextTurn() : undefined;
  };
}
