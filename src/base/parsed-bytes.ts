import { countValues } from './json-text.ts';
import { SMALL_BYTES } from './memory-budget.ts';

/** Bytes that a value takes for each byte of its text; measured with lists of tools. */
const TEXT_TIMES = 3;
/**
 * What each value takes beside its text: an empty object with its place in a list. Measured; a name that no other object
 * has takes about as much again.
 */
const VALUE_BYTES = 64;

/** What a piece of work holds for all that is small, when it is a value. */
const SMALL_PARSED_BYTES = TEXT_TIMES * SMALL_BYTES;
/** A text of fewer characters is small, whatever it says: it holds a value in every second character at most. */
const SMALL_CHARACTERS = Math.floor(SMALL_PARSED_BYTES / (1 + VALUE_BYTES / 2)) - 1;

/**
 * Bytes of memory that count of the value of a JSON text, in UTF-8 where it is a buffer. `mostValues` is how many are
 * parsed of it at most; more are not counted.
 */
export function parsedBytes(text: string | Buffer, mostValues?: number): number {
  const characters = typeof text === 'string' ? text : text.toString('latin1');
  return Math.max(TEXT_TIMES * text.length, text.length + VALUE_BYTES * countValues(characters, mostValues));
}

/** The same, but 0 for what is so small that whoever parses it holds enough already. */
export function largeParsedBytes(text: string | Buffer, mostValues?: number): number {
  return text.length <= SMALL_CHARACTERS ? 0 : countedParsed(parsedBytes(text, mostValues));
}

/** Bytes of values that count: 0 for as few as every piece of work holds. */
export const countedParsed = (bytes: number): number => (bytes > SMALL_PARSED_BYTES ? bytes : 0);

/** Bytes that are asked for beyond what is needed, so that not each small value asks. */
const STEP_BYTES = 64 * 1024;

/** Room for so many bytes in all, for what grows value by value: asks `room` for more only now and then. */
export function roomInSteps(room: (bytes: number) => Promise<void>): (bytes: number) => Promise<void> | undefined {
  let held = 0;
  return (bytes) => {
    if (bytes <= held) {
      return undefined;
    }
    const wanted = held === 0 ? bytes : bytes + STEP_BYTES;
    return room(wanted).then(() => {
      held = wanted;
    });
  };
}
