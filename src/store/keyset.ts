/** A place in a list, newest first: the last row of the previous page. `at` is milliseconds since the epoch. */
export type ListPlace = { readonly at: number; readonly id: string };

/** A part of such a list; without `before`, from its beginning. */
export type ListPart = { readonly before?: ListPlace; readonly limit: number };
