/** A place in a list, newest first: the last row of the previous page. `at` is milliseconds since the epoch. */
export type Place = { readonly at: number; readonly id: string };

/** A part of such a list; without `before`, from its beginning. */
export type Part = { readonly before?: Place; readonly limit: number };
