import { measureJson } from './fast/measure-json.ts';
import { SMALL_BYTES } from './memory-budget.ts';

/** Bytes that a value takes for each byte of its text; measured with lists of tools. */
const BYTES_PER_CHAR = 3;
/**
 * What each value takes beside its text: an empty object with its place in a list. Measured; a name that no other object
 * has takes about as much again.
 */
const VALUE_BYTES = 64;

/** The bytes that every piece of work holds for small values. */
const SMALL_PARSED_BYTES = BYTES_PER_CHAR * SMALL_BYTES;
/** Every text of fewer characters is small: at most every second character of a text begins a value. */
const SMALL_CHARACTERS = Math.floor(SMALL_PARSED_BYTES / (1 + VALUE_BYTES / 2)) - 1;

/**
 * Estimates the memory, in bytes, of the parsed value of a JSON text (UTF-8 if it is a buffer). Counts at most
 * `mostValues` values, the maximum that is parsed.
 */
export function parsedBytes(text: string | Buffer, mostValues?: number): number {
  return bytesOfValues(text.length, measureJson(text, mostValues).values);
}

/** The same of a text with so many characters and values. */
export const bytesOfValues = (characters: number, values: number): number =>
  Math.max(BYTES_PER_CHAR * characters, characters + VALUE_BYTES * values);

/** The same, but 0 for a small text: every piece of work already holds memory for small data. */
export function largeParsedBytes(text: string | Buffer, mostValues?: number): number {
  return text.length <= SMALL_CHARACTERS ? 0 : countedParsed(parsedBytes(text, mostValues));
}

/** Returns the bytes to count: 0 for small values, because every piece of work already holds memory for them. */
export const countedParsed = (bytes: number): number => (bytes > SMALL_PARSED_BYTES ? bytes : 0);

/** Bytes to reserve in advance, so that not every small value makes a request. */
const STEP_BYTES = 64 * 1024;

/** Reserves room for data that grows value by value: calls `room` only now and then, for more bytes in advance. */
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
