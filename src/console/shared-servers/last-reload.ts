import { queries, type Schemas } from '../api.ts';

const keyOf = (id: string) => ['last reload', id];

/** Keeps the outcome of a change for the page of the server. */
export const keepReload = (id: string, reload: Schemas['Reload'] | undefined): void => {
  queries.setQueryData(keyOf(id), reload);
};

/** The outcome of the last change of a server in this window; undefined if there was none. */
export const reloadOf = (id: string): Schemas['Reload'] | undefined => queries.getQueryData(keyOf(id));
