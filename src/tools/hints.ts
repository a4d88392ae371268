import { isObject } from '../base/json.ts';

/** What a tool says of itself: nothing is certain of it. */
export type Hints = { readonly readOnlyHint?: unknown; readonly destructiveHint?: unknown };

/** What the definition of a server's tool says of it. */
export const hintsOf = ({ annotations }: Readonly<Record<string, unknown>>): Hints =>
  isObject(annotations) ? annotations : {};

/** Only a tool that says that it reads, and does not say that it destroys, counts as read-only. */
export const readsOnly = ({ readOnlyHint, destructiveHint }: Hints): boolean =>
  readOnlyHint === true && destructiveHint !== true;
