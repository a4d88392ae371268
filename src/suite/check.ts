import type { Operation } from '../contract/document.ts';
import type { Api } from './apis.ts';
import type { Caller } from './caller.ts';
import type { Credentials } from './credentials.ts';

/** What checks are given. A caller whose API is not under test has no credentials. */
export type Context = {
  readonly operations: readonly Operation[];
  /** A name that nobody else uses: `contract-<run>-<what>`. */
  readonly name: (what: string) => string;
  /** The holder of the key pair of an organization. */
  readonly team: Caller;
  /** The holder of a key pair of another organization; null when there is none. */
  readonly other: Caller | null;
  /** The holder of an API token of an organization. */
  readonly holder: Caller;
  /** The holder of an API token of another organization; null when there is none. */
  readonly otherHolder: Caller | null;
  readonly operator: Caller;
  readonly as: (credentials: Credentials) => Caller;
};

type Run = (context: Context) => Promise<void>;

/** One promise of the document, and how to find out whether a server keeps it. */
export type Check = {
  /** The API it belongs to; `all` when it takes more than one to find out. */
  readonly api: Api | 'all';
  readonly name: string;
  /** Changes nothing, and assumes nothing of what is stored. */
  readonly readOnly: boolean;
  /** Throws `Failed` when the promise does not hold, `Skipped` when that cannot be found out. */
  readonly run: Run;
};

/** The checks of an API, by name. */
export const checks = (api: Check['api'], runs: Readonly<Record<string, Run>>, readOnly = false): Check[] =>
  Object.entries(runs).map(([name, run]) => ({ api, name, readOnly, run }));
