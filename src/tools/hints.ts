import { isObject } from '../base/is-object.ts';

/** A tool's statements about itself, unverified. */
export type Hints = { readonly readOnlyHint?: unknown; readonly destructiveHint?: unknown };

/** Returns the hints in the definition of a server's tool. */
export const hintsOf = ({ annotations }: Readonly<Record<string, unknown>>): Hints =>
  isObject(annotations) ? annotations : {};

/** Whether a tool counts as read-only: it declares itself read-only, and not destructive. */
export const readsOnly = ({ readOnlyHint, destructiveHint }: Hints): boolean =>
  readOnlyHint === true && destructiveHint !== true;
