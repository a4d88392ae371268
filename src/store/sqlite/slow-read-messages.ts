import type { Answer } from './dialect.ts';

/** The messages to and from the reading thread. A cloned error loses its class, so the messages carry its parts. */
export type SlowReadQuestion = { id: number; sql: string; parameters: readonly unknown[] };
/** The answer of the worker to a query: its rows, or its error. */
export type SlowReadReply = { id: number } & (
  | { answer: Answer }
  | { failure: { message: string; errcode: number | null } }
);
