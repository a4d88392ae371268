import type { DeriveOptions, ServiceFacts, Skipped, Warning } from './types.ts';

/** The stored result of a document. */
export type Registered = ServiceFacts & {
  readonly toolCount: number;
  /** Segments that left the resources. */
  readonly shared: readonly string[];
  /** The size of the definitions of all tools as JSON, in bytes. */
  readonly toolsBytes: number;
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly Warning[];
  /** For `readTools`. */
  readonly tools: Uint8Array;
};

/** The messages to and from the thread of a deriver. */
export type DeriveQuestion = { readonly bytes: Uint8Array; readonly options: DeriveOptions };
/** The answer of the worker: the derived tools, or the error. */
export type DeriveReply =
  | { readonly result: Registered }
  | { readonly refusal: { readonly message: string; readonly place: string | null } }
  | { readonly failure: string };
