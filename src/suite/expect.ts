import { isDeepStrictEqual } from 'node:util';
import type { Answer } from './caller.ts';
import { Failed } from './failed.ts';

/** Throws `Failed`, with the request, unless `came` equals `expected`. */
export function same(answer: Answer, what: string, came: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(came, expected)) {
    throw new Failed(`${what} ${JSON.stringify(expected)}`, `${JSON.stringify(came)}`, answer.request);
  }
}

/** Throws `Failed`, with the request, unless the condition holds. */
export function holds(answer: Answer, condition: boolean, expected: string, came: unknown): asserts condition {
  if (!condition) {
    throw new Failed(expected, `${JSON.stringify(came)}`, answer.request);
  }
}
