import type { RequestListener } from 'node:http';
import * as testing from '../../src/testing/ask-once.ts';
import type { Json } from './json.ts';

export type { Method, Question } from '../../src/testing/ask-once.ts';

export type Answer = Omit<testing.TestAnswer, 'body'> & {
  /** The value of a JSON answer, the text of any other. */
  readonly body: Json;
};

/** What the package exports for tests, with a body that needs no narrowing. */
export const askOnce: (
  target: string | RequestListener,
  method: testing.Method,
  path: string,
  question?: testing.Question,
) => Promise<Answer> = testing.askOnce;
