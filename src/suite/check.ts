import type { Operation } from '../contract/document.ts';
import type { Api } from './apis.ts';
import type { Caller } from './caller.ts';
import type { Credentials } from './credentials.ts';
import type { Deployment } from './deployment.ts';

/** The input of checks. A caller whose API is not under test has no credentials. */
export type Context = {
  readonly operations: readonly Operation[];
  /** Makes a unique name: `contract-<run>-<what>`. */
  readonly name: (what: string) => string;
  /** The holder of the key pair of an organization. */
  readonly team: Caller;
  /** The holder of a key pair of another organization; null if there is none. */
  readonly other: Caller | null;
  /** The holder of an API token of an organization. */
  readonly holder: Caller;
  /** The holder of an API token of another organization; null if there is none. */
  readonly otherHolder: Caller | null;
  readonly operator: Caller;
  readonly deployment: Deployment;
  readonly as: (credentials: Credentials) => Caller;
};

type Run = (context: Context) => Promise<void>;

/** One promise of the document, and its check. */
export type Check = {
  /** The API of the check; `all` if it needs more than one. */
  readonly api: Api | 'all';
  readonly name: string;
  /** The check changes nothing, and needs no stored objects. */
  readonly readOnly: boolean;
  /** Throws `Failed` if the server breaks the promise, `Skipped` if the check is not possible. */
  readonly run: Run;
};

/** The checks of an API, by name. */
export const checks = (api: Check['api'], runs: Readonly<Record<string, Run>>, readOnly = false): Check[] =>
  Object.entries(runs).map(([name, run]) => ({ api, name, readOnly, run }));
