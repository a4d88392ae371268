import type { Selectable } from 'kysely';
import type { Database } from './schema.ts';

/** The columns of a table of work that processes claim. */
export type WorkColumns = {
  id: string;
  organization_id: string;
  /** When somebody has to work at the row, in milliseconds since the epoch. */
  due_at: number;
  /** The process that has claimed it last, and until when; null if nobody has. */
  claimed_by: string | null;
  claimed_until: number | null;
  /** Grows with each claim. */
  fence: number;
};

/** The tables of work. */
export type WorkTable = { [T in keyof Database]: Database[T] extends WorkColumns ? T : never }[keyof Database];

/** A row of a table of work, with the fence of its claim. */
export type ClaimedRow<T extends WorkTable> = Selectable<Database[T]>;

/** What to claim. */
export type Claim = {
  readonly maxRows: number;
  /** The time after which others may take the rows, in milliseconds: more than the work can need. */
  readonly holdMs: number;
  /** Organizations whose work is left for later. */
  readonly exceptOrganizations: readonly string[];
};
