/** A place in a list that is read newest first: the last row of the page before. `at` is milliseconds since the epoch. */
export type Place = { readonly at: number; readonly id: string };

/** Which part of such a list to read; without `before`, from its beginning. */
export type Part = { readonly before?: Place; readonly limit: number };
