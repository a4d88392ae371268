import type { DeriveOptions, ServiceFacts, Skipped } from './types.ts';

/** What is kept of a document. */
export type Registered = ServiceFacts & {
  readonly toolCount: number;
  readonly skipped: readonly Skipped[];
  /** For `readTools`. */
  readonly tools: Uint8Array;
};

/** What the thread of a deriver is asked, and what it answers. */
export type DeriveQuestion = { readonly bytes: Uint8Array; readonly options: DeriveOptions };
export type DeriveReply =
  | { readonly result: Registered }
  | { readonly refusal: { readonly message: string; readonly place: string | null } }
  | { readonly failure: string };
