import type { Answer } from './dialect.ts';

/** What the reading thread is asked, and what it answers. A cloned error loses its class, so that its parts are sent. */
export type AsideQuestion = { id: number; sql: string; parameters: readonly unknown[] };
export type AsideReply = { id: number } & (
  | { answer: Answer }
  | { failure: { message: string; errcode: number | null } }
);
