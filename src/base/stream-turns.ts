import { isTurnOver, nextTurn } from './event-loop-turns.ts';

/** Bytes that one stream may pass on before it asks whether it is the turn of another. */
const TURN_BYTES = 64 * 1024;

/**
 * Makes a function that a stream calls and awaits after each piece, with its bytes. When streams have used a turn of
 * the event loop for long enough, only one stream continues in each turn: Node accepts one connection per turn, so new
 * clients would otherwise wait for all streams.
 */
export function createStreamTurns(): (bytes: number) => Promise<void> | undefined {
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
